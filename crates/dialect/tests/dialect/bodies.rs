//! Calls as callers send them, generated: of each form in its own words.

use dialect::Form;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A call, and the form that it is of.
pub(crate) fn native() -> impl Strategy<Value = (Form, Value)> {
    prop_oneof![
        chat().prop_map(|body| (Form::ChatCompletions, body)),
        responses().prop_map(|body| (Form::Responses, body)),
        messages().prop_map(|body| (Form::Messages, body)),
        generate().prop_map(|body| (Form::GenerateContent, body)),
    ]
}

fn part() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => "[a-zß ]{1,12}".prop_map(|text| json!({"type": "text", "text": text})),
        1 => Just(json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}})),
        1 => Just(json!({"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}})),
        1 => Just(json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="}})),
    ]
}

fn result() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,9}", Just("{\"rain\":true}".to_owned()), Just("[1,2]".to_owned())]
}

/// A question and its answer: words, or calls of tools with their results.
fn round() -> impl Strategy<Value = Vec<Value>> {
    let question = prop::collection::vec(part(), 1..3)
        .prop_map(|parts| json!({"role": "user", "content": parts}));
    let answer =
        "[a-z \n]{1,9}".prop_map(|text| vec![json!({"role": "assistant", "content": text})]);
    let arguments = prop_oneof![
        Just("{}".to_owned()),
        "[a-z]{0,5}".prop_map(|text| json!({"q": text}).to_string()),
        Just("not JSON".to_owned()),
    ];
    let beside = prop_oneof![Just(Value::Null), Just(json!("\n\n")), Just(json!("I look."))];
    let calls = prop::collection::vec((arguments, result()), 1..4);
    let calls = (beside, calls).prop_map(|(said, calls)| {
        let ids = (0..).map(|nth| format!("call_{nth}"));
        let made = ids.clone().zip(&calls).map(|(id, (arguments, _))| {
            json!({"id": id, "type": "function", "function": {"name": "look", "arguments": arguments}})
        });
        let message =
            json!({"role": "assistant", "content": said, "tool_calls": made.collect::<Vec<_>>()});
        let results = ids.zip(&calls).map(
            |(id, (_, text))| json!({"role": "tool", "tool_call_id": id, "content": text}),
        );
        std::iter::once(message).chain(results).collect()
    });
    (question, prop_oneof![answer, calls])
        .prop_map(|(question, answer)| std::iter::once(question).chain(answer).collect())
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string"})),
        Just(json!({"type": ["integer", "null"]})),
        Just(json!({"type": "number", "minimum": 0})),
        Just(json!({"type": "string", "enum": ["a", "b"]})),
        Just(json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true})),
        Just(json!({"const": 7})),
        Just(json!({"type": "string", "format": "uri"})),
        Just(json!({"type": ["string", "array"], "items": {"type": "string"}, "minLength": 1})),
        Just(json!({"type": "array"})),
        Just(json!({"type": "object", "properties": {}})),
        Just(json!({"properties": {"x": {"type": "string"}}, "required": ["x"]})),
        Just(json!({"enum": ["a", "", null]})),
        Just(json!({"anyOf": [{"type": "string"}, {"type": "null"}]})),
        Just(json!({"type": "array", "items": {}})),
        Just(json!(true)),
        Just(json!({"surprise": 1})),
    ];
    prop::collection::btree_map("[a-c]", leaf, 0..3).prop_flat_map(|properties| {
        let required: Vec<String> = properties.keys().cloned().collect();
        let open = json!({"type": "object", "properties": properties, "required": required});
        let mut closed = open.clone();
        closed["additionalProperties"] = json!(false);
        prop_oneof![Just(open), Just(closed)]
    })
}

/// Members that a call may have beside its messages.
fn options() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let format = (schema(), any::<bool>()).prop_map(|(schema, strict)| {
        let held = json!({"name": "place", "schema": schema, "strict": strict});
        ("response_format", json!({"type": "json_schema", "json_schema": held}))
    });
    let option = prop_oneof![
        (0_u8..21).prop_map(|it| ("temperature", json!(f64::from(it) / 10.0))),
        Just(("top_p", json!(0.5))),
        Just(("seed", json!(7))),
        Just(("presence_penalty", json!(0.5))),
        Just(("frequency_penalty", json!(0.5))),
        (1_u16..999).prop_map(|it| ("max_tokens", json!(it))),
        prop::collection::vec("[A-C \n]{1,3}", 1..7).prop_map(|it| ("stop", json!(it))),
        Just(("stop", json!("END"))),
        Just(("reasoning_effort", json!("low"))),
        Just(("user", json!("u-1"))),
        Just(("metadata", json!({"task": "t"}))),
        Just(("parallel_tool_calls", json!(false))),
        prop_oneof!["auto", "none", "required"].prop_map(|it| ("tool_choice", json!(it))),
        Just(("tool_choice", json!({"type": "function", "function": {"name": "look"}}))),
        Just(("response_format", json!({"type": "json_object"}))),
        format,
        Just(("logit_bias", json!({"1": 1}))),
        Just(("service_tier", json!("flex"))),
    ];
    prop::collection::vec(option, 0..5)
}

fn chat() -> impl Strategy<Value = Value> {
    let system = prop::collection::vec(
        prop_oneof!["system", "developer"]
            .prop_map(|role| json!({"role": role, "content": "Be brief."})),
        0..3,
    );
    let tool = (schema(), any::<bool>()).prop_map(|(schema, strict)| {
        json!([
            {"type": "function", "function": {"name": "look", "description": "Looks", "parameters": schema, "strict": strict}},
            {"type": "function", "function": {"name": "now"}},
        ])
    });
    (system, prop::collection::vec(round(), 0..3), tool, options()).prop_map(
        |(system, rounds, tools, options)| {
            let mut messages = system;
            // Ids are told apart over the whole conversation.
            for (nth, round) in rounds.into_iter().enumerate() {
                let text = Value::from(round).to_string();
                let text = text.replace("\"call_", &format!("\"call_{nth}_"));
                messages.extend(serde_json::from_str::<Vec<Value>>(&text).unwrap());
            }
            messages.push(json!({"role": "user", "content": "Well?"}));
            let mut body = json!({"model": "m", "messages": messages, "tools": tools});
            for (name, value) in options {
                body[name] = value;
            }
            body
        },
    )
}

/// A body of these members, those of `options` among them.
fn with(mut body: Value, options: Vec<(&'static str, Value)>) -> Value {
    for (name, value) in options {
        body[name] = value;
    }
    body
}

fn responses() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        Just(json!({"type": "input_text", "text": "Weather?"})),
        Just(
            json!({"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "high"})
        ),
        Just(
            json!({"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="})
        ),
    ];
    let question = prop::collection::vec(part, 1..3)
        .prop_map(|parts| vec![json!({"type": "message", "role": "user", "content": parts})]);
    let said = json!({"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
        "content": [{"type": "output_text", "text": "Sun", "annotations": [{"type": "url_citation"}], "logprobs": []}]});
    let output = prop_oneof![
        Just(json!("Sun")),
        Just(json!([{"type": "input_text", "text": "Sun"}])),
        Just(json!([{"type": "input_image", "image_url": "data:image/png;base64,aGk="}])),
    ];
    let called = output.prop_map(|output| {
        vec![
            json!({"type": "reasoning", "id": "rs_1", "summary": []}),
            json!({"type": "function_call", "id": "fc_1", "status": "completed", "call_id": "call_NTH",
                "name": "look", "arguments": "{\"q\":1}"}),
            json!({"type": "function_call_output", "call_id": "call_NTH", "output": output}),
        ]
    });
    let between = json!({"role": "developer", "content": "Be brief."});
    let answer = prop_oneof![Just(vec![said]), called];
    let round = (any::<bool>(), question, answer).prop_map(move |(is_told, question, answer)| {
        let told = is_told.then(|| between.clone());
        told.into_iter().chain(question).chain(answer).collect::<Vec<Value>>()
    });
    let turns = prop::collection::vec(round, 0..3);
    let tool = (schema(), prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from)])
        .prop_map(|(schema, strict)| json!([{"type": "function", "name": "look", "parameters": schema, "strict": strict}]));
    let format = (schema(), any::<bool>()).prop_map(|(schema, strict)| {
        (
            "text",
            json!({"verbosity": "low", "format": {"type": "json_schema", "name": "place",
            "description": "Where", "schema": schema, "strict": strict}}),
        )
    });
    let option = prop_oneof![
        Just(("instructions", json!("Be brief."))),
        Just(("store", json!(false))),
        Just(("temperature", json!(0.5))),
        Just(("max_output_tokens", json!(100))),
        Just(("truncation", json!("auto"))),
        Just(("reasoning", json!({"effort": "low", "summary": "auto"}))),
        Just(("parallel_tool_calls", json!(false))),
        format,
    ];
    (turns, tool, prop::collection::vec(option, 0..4)).prop_map(|(turns, tools, options)| {
        let mut input = numbered(turns);
        input.push(json!({"role": "user", "content": "Well?"}));
        with(json!({"model": "m", "input": input, "tools": tools}), options)
    })
}

/// The turns one after the other, the ids in each told apart by its place.
fn numbered(turns: Vec<Vec<Value>>) -> Vec<Value> {
    let turn = |(nth, turn): (usize, Vec<Value>)| {
        let text = Value::from(turn).to_string().replace("NTH", &nth.to_string());
        serde_json::from_str::<Vec<Value>>(&text).unwrap()
    };
    turns.into_iter().enumerate().flat_map(turn).collect()
}

fn messages() -> impl Strategy<Value = Value> {
    let cached = json!({"type": "ephemeral"});
    let block = prop_oneof![
        Just(json!({"type": "text", "text": "Weather?"})),
        Just(json!({"type": "text", "text": "Weather?", "cache_control": cached})),
        Just(
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}})
        ),
        Just(json!({"type": "document", "title": "A", "context": "Old.",
            "source": {"type": "text", "media_type": "text/plain", "data": "A text."}})),
    ];
    let question =
        prop::collection::vec(block, 1..3).prop_map(|it| json!({"role": "user", "content": it}));
    let answer = prop_oneof![
        Just(json!([{"type": "text", "text": "Sun"}])),
        Just(
            json!([{"type": "thinking", "thinking": "Hm", "signature": "c2ln"}, {"type": "text", "text": "Sun"}])
        ),
    ];
    let told = (question.clone(), answer).prop_map(|(question, answer)| {
        vec![question, json!({"role": "assistant", "content": answer})]
    });
    let result = prop_oneof![
        Just(json!({"content": "Sun"})),
        Just(json!({"content": "Broken", "is_error": true})),
        Just(
            json!({"content": [{"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}]})
        ),
        Just(json!({})),
    ];
    let called = (question, result).prop_map(|(question, mut result)| {
        result["type"] = json!("tool_result");
        result["tool_use_id"] = json!("toolu_NTH");
        let call = json!({"type": "tool_use", "id": "toolu_NTH", "name": "look", "input": {"q": 1}, "caller": {"type": "direct"}});
        vec![
            question,
            json!({"role": "assistant", "content": [{"type": "text", "text": "I look."}, call]}),
            json!({"role": "user", "content": [result]}),
        ]
    });
    let turns = prop::collection::vec(prop_oneof![told, called], 0..3);
    let tool = (schema(), any::<bool>()).prop_map(|(mut schema, strict)| {
        schema["type"] = json!("object");
        json!([{"name": "look", "input_schema": schema, "strict": strict, "input_examples": [{"a": 1}]}])
    });
    let option = prop_oneof![
        Just(("system", json!("Be brief."))),
        Just(("system", json!([{"type": "text", "text": "Be brief."}]))),
        Just(("temperature", json!(0.5))),
        Just(("top_k", json!(5))),
        Just(("stop_sequences", json!(["END"]))),
        Just(("tool_choice", json!({"type": "any", "disable_parallel_tool_use": true}))),
        Just(("metadata", json!({"user_id": "u-1"}))),
        Just(("service_tier", json!("auto"))),
        schema().prop_map(|schema| (
            "output_config",
            json!({"format": {"type": "json_schema", "schema": schema}})
        )),
    ];
    let end = prop_oneof![
        Just(vec![json!({"role": "user", "content": "Well?"})]),
        Just(vec![
            json!({"role": "user", "content": "Well?"}),
            json!({"role": "assistant", "content": "It is"})
        ]),
    ];
    (turns, end, tool, prop::collection::vec(option, 0..4)).prop_map(|(mut turns, end, tools, options)| {
        turns.push(end);
        with(json!({"model": "m", "max_tokens": 100, "messages": numbered(turns), "tools": tools}), options)
    })
}

/// A schema in the words of Gemini.
fn gemini_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "STRING"})),
        Just(json!({"type": "STRING", "enum": ["a"], "nullable": true})),
        Just(json!({"type": "STRING", "format": "date-time"})),
        Just(json!({"type": "INTEGER", "format": "int32", "nullable": true})),
        Just(json!({"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}], "nullable": true})),
        Just(json!({"type": "ARRAY", "items": {"type": "STRING"}, "maxItems": 3})),
    ];
    prop::collection::btree_map("[a-c]", leaf, 1..3).prop_map(|properties| {
        let names: Vec<String> = properties.keys().cloned().collect();
        json!({"type": "OBJECT", "properties": properties, "required": names, "propertyOrdering": names})
    })
}

fn generate() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        Just(json!({"text": "Weather?"})),
        Just(json!({"inlineData": {"mimeType": "image/png", "data": "aGk="}})),
        Just(json!({"inlineData": {"mimeType": "audio/wav", "data": "aGk="}})),
        Just(
            json!({"inlineData": {"mimeType": "image/png", "data": "aGk="}, "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}})
        ),
    ];
    let question =
        prop::collection::vec(part, 1..3).prop_map(|it| json!({"role": "user", "parts": it}));
    let told = question.clone().prop_map(|question| {
        vec![
            question,
            json!({"role": "model", "parts": [{"text": "Hm", "thought": true}, {"text": "Sun"}]}),
        ]
    });
    let response = prop_oneof![
        Just(json!({"response": {"result": "Sun"}})),
        Just(json!({"response": {"error": "Broken"}})),
        Just(json!({"response": {"rain": true}})),
        Just(
            json!({"response": {"result": "Sun"}, "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]})
        ),
    ];
    let called = (question, response).prop_map(|(question, mut response)| {
        response["name"] = json!("look");
        vec![
            question,
            json!({"role": "model", "parts": [{"functionCall": {"name": "look", "args": {"q": 1}}}]}),
            json!({"role": "user", "parts": [{"functionResponse": response}]}),
        ]
    });
    let turns = prop::collection::vec(prop_oneof![told, called], 0..3);
    let parameters = prop_oneof![
        gemini_schema().prop_map(|schema| ("parameters", schema)),
        schema().prop_map(|schema| ("parametersJsonSchema", schema)),
    ];
    let tool = parameters.prop_map(|(name, schema)| {
        json!([{"functionDeclarations": [{"name": "look", "description": "Looks", name: schema}, {"name": "now"}]}])
    });
    let json = json!("application/json");
    let config = prop_oneof![
        Just(json!({"temperature": 1.5, "topK": 5, "seed": 7})),
        Just(json!({"stopSequences": ["END"], "mediaResolution": "MEDIA_RESOLUTION_LOW"})),
        Just(json!({"thinkingConfig": {"thinkingLevel": "LOW"}, "maxOutputTokens": 100})),
        gemini_schema().prop_map({
            let json = json.clone();
            move |schema| json!({"responseMimeType": json, "responseSchema": schema})
        }),
        schema().prop_map(
            move |schema| json!({"responseMimeType": json, "responseJsonSchema": schema})
        ),
    ];
    let option = prop_oneof![
        Just(("systemInstruction", json!({"parts": [{"text": "Be brief."}]}))),
        Just((
            "toolConfig",
            json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}})
        )),
        Just((
            "safetySettings",
            json!([{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}])
        )),
        config.prop_map(|config| ("generationConfig", config)),
    ];
    (turns, tool, prop::collection::vec(option, 0..3)).prop_map(|(turns, tools, options)| {
        let mut contents = numbered(turns);
        contents.push(json!({"role": "user", "parts": [{"text": "Well?"}]}));
        with(json!({"contents": contents, "tools": tools}), options)
    })
}
