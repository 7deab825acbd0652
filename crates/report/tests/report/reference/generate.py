"""Generates small lakes and what the reference implementation says of them.

Writes `lakes/MODE.json`, and `lakes/turned.json` with cells that clear, turn and are refuted: the rows of `cells`, `assignments`, `shadows`, `labels` and `blocks`, a few
moments to look from, and for each moment the units and the evidence that plain Python finds by
walking the rows one by one. The test of the SQL loads the same rows and must find the same.

    python3 generate.py          # rewrites lakes/, byte for byte the same each time
"""
import json
import math
import os
import random

import confidence_reference as ref

DAY, HOUR, MINUTE = 86_400_000_000, 3_600_000_000, 60_000_000
START = 1_767_225_600_000_000                      # 2026-01-01T00:00:00Z in microseconds
MODES = ["R", "RP", "H", "PPI", "JP", "JA", "AA"]
ETA, KAPPA, A_HAT, RHO = 0.75, 0.25, 0.0625, 0.5
MAX_WAIT_S = 86_400
REOPENED = START + 6 * DAY                         # the first candidate gets a second epoch here
HERE = os.path.dirname(os.path.abspath(__file__))


def ranges(mode):
    """(tau, lo, hi) of each mode, as in confidence.md 2.7, on the 1/4096 grid."""
    if mode in ("RP", "JP"):
        return 0.0625, -1.0, 1.0
    if mode == "PPI":
        return 0.125, ETA - ETA / KAPPA, 1.0 / KAPPA
    if mode == "AA":
        return 0.0625, -A_HAT - (1 - A_HAT) / RHO, 1 + A_HAT * (1 / RHO - 1)
    return 0.125, 0.0, 1.0


# ------------------------------------------------------------------ rows
def make_lake(mode, seed, conversations=90):
    rng = random.Random(seed)
    tau, lo, hi = ranges(mode)
    cells, assignments, shadows, labels, blocks = [], [], [], [], []
    for name, epoch in (("one", 1), ("two", 1), ("one", 2)):
        cell = f"cat/{name}/{epoch}"
        cells.append(dict(cell=cell, category="cat", candidate=name, epoch=epoch,
                          opened_at=START if epoch == 1 else REOPENED,
                          definition_digest="d", mode=mode, tau=tau, loss_lo=lo, loss_hi=hi,
                          family_weight=0.25, restarts=0 if epoch == 1 else 1,
                          max_wait_s=MAX_WAIT_S))
        for day in range(20):
            blocks.append(dict(cell=cell, day=day_text(START + day * DAY), pi_floor=0.25, eta=ETA,
                               a_hat=A_HAT, rho=RHO, kappa=KAPPA))
    n = 0
    for c in range(conversations):
        conversation, tenant = f"conversation-{c % (conversations - 14)}", f"tenant-{rng.randrange(6)}"
        pi = rng.choice([0.25, 0.5, 1.0])
        at = START + rng.randrange(16 * DAY)
        for _ in range(rng.choice([1, 1, 1, 2, 3, 70 if c == 7 else 4])):
            n += 1
            exchange = f"exchange-{n:05d}"
            control = mode == "AA" and rng.random() < RHO
            for name in ("one", "two"):
                add_exchange(rng, mode, name, exchange, conversation, tenant, at, pi, control,
                             assignments, shadows, labels)
            if control:
                assignments.append(row(exchange, "control", "", "", conversation, tenant, at, RHO,
                                       RHO, True, None, False))
            at += rng.choice([MINUTE, 5 * MINUTE, 29 * MINUTE, 30 * MINUTE, 31 * MINUTE, 2 * HOUR]
                             if c != 7 else [25 * MINUTE])
    for twice in (cells, blocks):                  # as if two had opened them at the same time
        twice += [dict(row) for row in twice[::3]]
    return dict(mode=mode, cells=cells, assignments=assignments, shadows=shadows, labels=labels,
                blocks=blocks)


def make_turned(seed):
    """Mode R: `two` clears, `one` clears less, is opened anew and goes wrong from the tenth day on;
    `three` is bad throughout, on the calls of `two`."""
    lake = make_lake("R", seed, 200)
    for s in lake["shadows"]:
        number, day = int(s["exchange_id"][-5:]), (s["decided_at"] - START) // DAY
        bad = s["cell"] == "cat/one/2" and day >= 10 and number % 8 != 0
        s["loss"] = 1.0 if bad or number % 90 == 0 else 0.0
    two = lambda rows: [dict(r, candidate="three", cell="cat/three/1") for r in rows
                        if r.get("cell") == "cat/two/1"]
    third = two(lake["shadows"])
    for s in third:
        s["loss"] = 1.0 if int(s["exchange_id"][-5:]) % 3 == 0 else 0.0
    lake["shadows"] += third
    lake["assignments"] += two(lake["assignments"])
    lake["blocks"] += [dict(b, cell="cat/three/1") for b in lake["blocks"] if b["cell"] == "cat/two/1"]
    opened = next(c for c in lake["cells"] if c["cell"] == "cat/two/1")
    lake["cells"].append(dict(opened, cell="cat/three/1", candidate="three"))
    return lake


def row(exchange, arm, candidate, cell, conversation, tenant, at, pi, floor, sampled, audit, hit):
    return dict(exchange_id=exchange, arm=arm, candidate=candidate, cell=cell, category="cat",
                conversation=conversation, tenant=tenant, observed_at=at, pi=pi, pi_floor=floor,
                sampled=sampled, audit_prob=audit, audited=hit)


def add_exchange(rng, mode, name, exchange, conversation, tenant, at, pi, control, assignments,
                 shadows, labels):
    epoch = 2 if name == "one" and at >= REOPENED else 1
    cell, sampled = f"cat/{name}/{epoch}", rng.random() < pi
    audit = rng.choice([0.25, 0.5, 1.0]) if mode in ("H", "PPI") else None
    audited = audit is not None and rng.random() < audit
    assignments.append(row(exchange, "candidate", name, cell, conversation, tenant, at, pi, 0.25,
                           sampled, audit, audited))
    if not sampled:
        return
    fate = rng.random()                            # answered soon, late, or never
    decided = at + (MINUTE if fate < 0.97 else 20 * HOUR)
    loss = float(rng.random() < (0.01 if name == "one" else 0.15))
    loss = loss if rng.random() < 0.9 else rng.randrange(3) / 8
    if fate < 0.993:
        shadows.append(dict(exchange_id=exchange, arm="candidate", candidate=name, cell=cell,
                            answered_at=decided - MINUTE // 2, decided_at=decided, loss=loss,
                            reference_loss=float(rng.random() < 0.08) if mode in ("RP", "JP") else None,
                            control_loss=float(rng.random() < A_HAT) if control else None))
    if audited and rng.random() < 0.95:
        first = dict(exchange_id=exchange, arm="candidate", candidate=name,
                     labelled_at=at + rng.choice([HOUR, 22 * HOUR]),
                     acceptable=loss < 0.5, audit_prob=audit)
        if rng.random() < 0.3:                     # somebody else disagrees, later
            labels.append(dict(first, labelled_at=first["labelled_at"] + 2 * HOUR,
                               acceptable=not first["acceptable"]))
        labels.append(first)


def day_text(at):
    days = at // DAY
    y, m = 1970, 1                                 # civil date from days, by walking (small spans)
    while True:
        leap = y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)
        if days < 365 + leap:
            break
        days, y = days - 365 - leap, y + 1
    lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    while days >= lengths[m - 1]:
        days, m = days - lengths[m - 1], m + 1
    return f"{y:04d}-{m:02d}-{days + 1:02d}"


# ------------------------------------------------------------------ what the rows mean
def sessions(lake, cell, as_of):
    """The conversations of a cell: lists of assignment rows, with the moment of their close."""
    mine = [a for a in lake["assignments"] if a["arm"] == "candidate" and a["cell"] == cell
            and a["observed_at"] <= as_of]
    out = []
    for key in sorted({a["conversation"] for a in mine}):
        island = None
        for a in sorted((a for a in mine if a["conversation"] == key),
                        key=lambda a: (a["observed_at"], a["exchange_id"])):
            if island is None or a["observed_at"] >= island["last"] + 30 * MINUTE:
                island = dict(start=a["observed_at"], segments={})
            island["last"] = a["observed_at"]
            segment = (a["observed_at"] - island["start"]) // DAY
            if segment not in island["segments"]:
                island["segments"][segment] = []
                out.append((key, island["start"], segment, island["segments"][segment]))
            island["segments"][segment].append(a)
    return [(key, rows, min(rows[-1]["observed_at"] + 30 * MINUTE, start + (segment + 1) * DAY))
            for key, start, segment, rows in out]


def request_loss(lake, mode, a, as_of, expired, hi, index):
    """(weight, loss or None, was it missing) of one sampled call; None if it does not count."""
    if not a["sampled"] or (mode == "H" and not a["audited"]):
        return None
    s = index["shadows"].get((a["exchange_id"], a["cell"]))
    s = s if s and s["decided_at"] <= as_of else None
    h = index["labels"].get((a["exchange_id"], a["candidate"]))
    h = h if h and h["labelled_at"] <= as_of else None
    human = None if h is None else (0.0 if h["acceptable"] else 1.0)
    weight = ref.sampling_weight(a["pi"], a["pi_floor"])
    loss, worst = None, 1.0
    if mode in ("R", "JA") and s:
        loss = s["loss"]
    elif mode in ("RP", "JP") and s:
        loss = s["loss"] - s["reference_loss"]
    elif mode == "H":
        weight, loss = weight * KAPPA / a["audit_prob"], human
    elif mode == "PPI":
        if s and not a["audited"]:
            loss = ref.aipw_loss(s["loss"], None, a["audit_prob"], ETA)
        elif s and human is not None:
            loss = ref.aipw_loss(s["loss"], human, a["audit_prob"], ETA)
        # Past its time a word that is out is the worst one, and so is a label that was drawn for.
        judge = s["loss"] if s else 1.0
        worst = ref.aipw_loss(judge, (1.0 if human is None else human) if a["audited"] else None,
                              a["audit_prob"], ETA)
    elif mode == "AA":
        worst = hi
        asked = a["exchange_id"] in index["controls"]
        if s and not asked:
            loss = ref.aa_excess_loss(s["loss"], None, RHO, A_HAT)
        elif s and s["control_loss"] is not None:
            loss = ref.aa_excess_loss(s["loss"], s["control_loss"], RHO, A_HAT)
    missing = loss is None
    return weight, (worst if missing and expired else loss), missing


def units_at(lake, cell, as_of):
    mode, hi = lake["mode"], cell["loss_hi"]
    index = dict(
        shadows={(s["exchange_id"], s["cell"]): s for s in lake["shadows"]},
        labels={(l["exchange_id"], l["candidate"]): l for l in
                sorted(lake["labels"], key=lambda l: -l["labelled_at"])},
        controls={a["exchange_id"] for a in lake["assignments"] if a["arm"] == "control"})
    found = []
    for key, rows, closed_at in sessions(lake, cell["cell"], as_of):
        if closed_at > as_of:
            continue
        expired = as_of - closed_at >= MAX_WAIT_S * 1_000_000
        calls = [r for r in (request_loss(lake, mode, a, as_of, expired, hi, index) for a in rows) if r]
        if calls:
            found.append((closed_at, key, rows[0]["tenant"], calls))
    frontier = min((f[0] for f in found if any(l is None for _, l, _ in f[3])), default=None)
    out = []
    for closed_at, key, tenant, calls in sorted(found, key=lambda f: (f[0], f[1])):
        if frontier is not None and closed_at >= frontier:
            continue
        v, y = ref.cluster_unit([w for w, _, _ in calls], [l for _, l, _ in calls])
        out.append(dict(cell=cell["cell"], conversation=key, tenant=tenant, closed_at=closed_at,
                        weight=v, loss=y / v, lost=any(m for _, _, m in calls),
                        request_weight=math.fsum(w for w, _, _ in calls),
                        request_loss=math.fsum(w * l for w, l, _ in calls)))
    return out


def evidence_at(lake, cell, units, as_of):
    tau, lo, hi = cell["tau"], cell["loss_lo"], cell["loss_hi"]
    state, drift, tenants = ref.Evidence(), ref.DriftDetector(tau, 1000.0, lo), {}
    for u in units:
        y = u["loss"] * u["weight"]
        state.add(u["weight"], y, 1, lo, hi)
        drift.update(u["weight"], y)
        tenants[u["tenant"]] = tenants.get(u["tenant"], 0) + 1
    out = ref.summarize(state, tau, lo, hi)
    recent = [u for u in units if u["closed_at"] > as_of - 3 * DAY]
    mean = lambda us, w, l: (math.fsum(l(u) for u in us) / math.fsum(w(u) for u in us)) if us else None
    first = min((a["observed_at"] for a in lake["assignments"]
                 if a["cell"] == cell["cell"] and a["observed_at"] <= as_of), default=None)
    out.update(
        cell=cell["cell"], days=len({u["closed_at"] // DAY for u in units}),
        first_at=first,
        recent_mean_loss=mean(recent, lambda u: u["weight"], lambda u: u["loss"] * u["weight"]),
        request_mean_loss=mean(units, lambda u: u["request_weight"], lambda u: u["request_loss"]),
        lost_share=sum(u["lost"] for u in units) / len(units) if units else None,
        top_user_share=max(tenants.values()) / len(units) if units else None,
        drift_alarm=drift.alarm_at is not None, refuted=out["loss_lower"] > tau,
        quality=None if not units else
        1 - mean(units, lambda u: u["weight"], lambda u: u["loss"] * u["weight"]))
    out.update(seen_at(lake, cell["cell"], as_of))
    drawn = {}                                     # one draw a day for each conversation
    for key, rows, at in sessions(lake, cell["cell"], as_of):
        for a in rows if at <= as_of else []:
            drawn.setdefault((key, a["observed_at"] // DAY), []).append(a)
    share = [(sum(a["sampled"] for a in rows) / len(rows), sum(a["pi"] for a in rows) / len(rows))
             for rows in drawn.values()]
    out.update(sampled=math.fsum(s for s, _ in share), expected_sampled=math.fsum(p for _, p in share),
               var_sampled=math.fsum(p * (1 - p) for _, p in share))
    log_e_adj = out["log_e"] + math.log(cell["family_weight"])
    out["confidence_adj"] = ref.confidence(log_e_adj - cell["restarts"] * math.log(2.0))
    if units and recent:
        out["blockers"] = ref.gate(dict(out, log_e_adj=log_e_adj, restarts=cell["restarts"], tau=tau,
                                        alpha_c=0.0))
    return out


def seen_at(lake, cell, as_of):
    """How the calls of a cell ended, and how often the reference disagreed with itself on them."""
    mine = [s for s in lake["shadows"] if s["cell"] == cell]
    answered = {s["exchange_id"] for s in mine if s["answered_at"] <= as_of}
    calls = [a for a in lake["assignments"] if a["arm"] == "candidate" and a["cell"] == cell
             and a["observed_at"] <= as_of]
    asked = [a["exchange_id"] for a in calls if a["sampled"]]
    shadowed = sum(exchange in answered for exchange in asked)
    again = [s["control_loss"] for s in mine
             if s["decided_at"] <= as_of and s["control_loss"] is not None]
    return dict(coverage=dict(exchanges=len(calls), shadowed=shadowed, pending=len(asked) - shadowed,
                              not_sampled=len(calls) - len(asked)),
                noise_floor=math.fsum(again) / len(again) if again else None)


def main():
    os.makedirs(os.path.join(HERE, "lakes"), exist_ok=True)
    lakes = [(mode, make_lake(mode, seed)) for seed, mode in enumerate(MODES)]
    for mode, lake in lakes + [("turned", make_turned(len(MODES)))]:
        lake["looks"] = []
        # With units counted, pending and expired in every mode; in one also early, before the second
        # epoch, and when all is over.
        others = [START + 3 * DAY, START + 30 * DAY] if mode == "R" else []
        for as_of in others + [START + 13 * DAY + HOUR]:
            cells = {c["cell"]: c for c in lake["cells"] if c["opened_at"] <= as_of}
            units = {name: units_at(lake, cells[name], as_of) for name in sorted(cells)}
            lake["looks"].append(dict(
                as_of=as_of, units=[u for us in units.values() for u in us],
                evidence=[evidence_at(lake, cells[name], units[name], as_of) for name in units]))
        with open(os.path.join(HERE, "lakes", f"{mode}.json"), "w") as out:
            json.dump(lake, out, separators=(",", ":"), sort_keys=True)
            out.write("\n")
        print(mode, [[(e["units"], round(e["confidence"], 3)) for e in look["evidence"]] for look in lake["looks"]])


if __name__ == "__main__":
    main()
