"""Vectors for the crate, made by the reference implementation over wide random inputs.

    python3 generate.py FOLDER_OF_THE_REFERENCE SEED CASES

prints them in the form of `vectors.json`. The same seed gives the same vectors. Infinities are the
words "inf" and "-inf", because JSON has none.
"""
import json
import math
import random
import sys

sys.path.insert(0, sys.argv[1])
import confidence_reference as ref  # noqa: E402

RNG = random.Random(int(sys.argv[2]))
MODES = ("R", "RP", "H", "PPI", "JP", "JA", "AA")


def quanta(value, towards):
    return towards(value * ref.Q) / ref.Q


# --------------------------------------------------------------- what the modes demand and produce
def absolute_mode():
    bar = RNG.choice([0.9, 0.8, 0.95, 0.99, RNG.uniform(0.02, 0.98)])
    return 1.0 - bar, 0.0, 1.0, lambda: RNG.choice([0.0, 0.0, 0.0, 1.0, RNG.random()])


def paired_mode(shrink=1.0):
    margin = RNG.choice([0.0, 0.03, 0.05, 0.1, RNG.uniform(0.0, 0.9)])
    return shrink * margin, -1.0, 1.0, lambda: RNG.choice([0.0, 0.0, -1.0, 1.0, 0.5, RNG.uniform(-1, 1)])


def judged_mode():
    low = RNG.uniform(0.0, 0.4)
    tau = ref.judge_tolerance(1.0 - RNG.uniform(0.5, 0.99), low, RNG.uniform(low + 0.05, 1.0))
    return tau, 0.0, 1.0, lambda: RNG.choice([0.0, 0.0, 0.5, 1.0])


def audited_mode():
    kappa, eta = RNG.uniform(0.05, 1.0), RNG.choice([0.0, 0.5, 1.0, RNG.random()])

    def loss():
        human = RNG.choice([0.0, 0.0, 1.0]) if RNG.random() < kappa else None
        return ref.aipw_loss(RNG.choice([0.0, 0.5, 1.0]), human, RNG.uniform(kappa, 1.0), eta)

    lo, hi = eta - eta / kappa, 1.0 / kappa
    return RNG.uniform(0.02, 0.4), quanta(lo, math.floor), quanta(hi, math.ceil), loss


def agreement_mode():
    rho, a_hat = RNG.uniform(0.1, 1.0), RNG.choice([0.0, 0.0625, RNG.random()])

    def loss():
        control = RNG.choice([0.0, 0.0, 1.0]) if RNG.random() < rho else None
        return ref.aa_excess_loss(RNG.choice([0.0, 0.0, 1.0]), control, RNG.uniform(rho, 1.0), a_hat)

    lo, hi = -a_hat - (1.0 - a_hat) / rho, 1.0 + a_hat * (1.0 / rho - 1.0)
    return RNG.choice([0.03, 0.1]), quanta(lo, math.floor), quanta(hi, math.ceil), loss


def of_mode(mode):
    if mode in ("R", "H"):
        return absolute_mode()
    if mode == "RP":
        return paired_mode()
    if mode == "JP":
        return paired_mode(RNG.uniform(0.2, 1.0))
    if mode == "JA":
        return judged_mode()
    return audited_mode() if mode == "PPI" else agreement_mode()


def a_count():
    return RNG.choice([1, 2, RNG.randrange(1, 40), RNG.randrange(1, 3000), RNG.randrange(1, 10**7)])


def a_weight():
    return RNG.choice([1.0, 1.0, 1.0, 0.0, 1.0 / 3.0, RNG.random(), RNG.randrange(4097) / 4096])


def some_runs(loss, kinds):
    runs = []
    for _ in range(RNG.randrange(kinds)):
        v = a_weight()
        runs.append([v, v * loss(), a_count()])
    return runs


def counted(runs, lo, hi):
    evidence = ref.Evidence()
    for v, y, count in runs:
        evidence.add(v, y, count, lo, hi)
    return evidence


def asked(tau, lo, hi, alpha_c=0.0):
    alpha = RNG.choice([0.05, 0.05, 0.01, RNG.uniform(0.001, 0.5)])
    return dict(tau=tau, lo=lo, hi=hi, alpha=alpha, alpha_c=alpha_c)


def summary(evidence, question):
    return ref.summarize(evidence, question["tau"], question["lo"], question["hi"],
                         question["alpha"], question["alpha_c"])


# --------------------------------------------------------------- kinds
def eprocess():
    tau, lo, hi, loss = of_mode(RNG.choice(MODES))
    question = asked(tau, lo, hi, RNG.choice([0.0, 0.0, 0.01, RNG.random()]))
    runs = some_runs(loss, 9)
    return dict(question, runs=runs), summary(counted(runs, lo, hi), question)


def merge():
    tau, lo, hi, loss = of_mode(RNG.choice(MODES))
    question = asked(tau, lo, hi)
    parts = [some_runs(loss, 4) for _ in range(RNG.randrange(1, 6))]
    whole = ref.Evidence()
    for part in parts:
        whole.merge(counted(part, lo, hi))
    expected = dict(summary(whole, question), histogram_y_q_v_q_count=whole.rows())
    return dict(question, partitions=parts), expected


def blocks():
    tau, lo, hi, loss = of_mode(RNG.choice(MODES))
    question = asked(tau, lo, hi)
    parts = [some_runs(loss, 4) for _ in range(RNG.randrange(1, 6))]
    whole, logs = ref.Evidence(), []
    for part in parts:
        whole.merge(counted(part, lo, hi))
        logs.append(whole.log_e(tau, hi))
    expected = dict(log_e_after_block=logs, peak_log_e=max(logs), final=summary(whole, question),
                    confidence_after_block=[ref.confidence(log) for log in logs])
    return dict(question, blocks=parts), expected


def clusters():
    tau, lo, hi, loss = of_mode(RNG.choice(["R", "RP", "JA"]))
    question, cap = asked(tau, lo, hi), RNG.choice([1.0, 1.0, 4.0, 10.0, RNG.uniform(0.1, 20.0)])
    groups, units, evidence = [], [], ref.Evidence()
    for _ in range(RNG.randrange(1, 20)):
        floor = RNG.choice([1.0, 0.2, RNG.uniform(0.01, 1.0)])
        calls = [[RNG.choice([floor, 1.0, RNG.uniform(floor, 1.0)]), loss()]
                 for _ in range(RNG.randrange(12))]
        unit = ref.cluster_unit([ref.sampling_weight(pi, floor) for pi, _ in calls],
                                [loss for _, loss in calls], cap)
        evidence.add(*unit, lo=lo, hi=hi)
        groups.append(dict(pi_floor=floor, requests=calls))
        units.append(unit)
    return dict(question, clusters=groups, cap=cap), dict(summary(evidence, question), units_v_y=units)


def records(make, columns):
    rows = [columns() for _ in range(RNG.randrange(1, 60))]
    losses = [make(*row) for row in rows]
    lo, hi = quanta(min(losses + [0.0]), math.floor) - 1, quanta(max(losses + [1.0]), math.ceil)
    question = asked(RNG.uniform(0.01, 0.5), lo, hi)
    return dict(question, records=rows), summary(counted([[1.0, y, 1] for y in losses], lo, hi), question)


def aipw():
    def columns():
        human = RNG.choice([None, 0.0, 1.0, RNG.random()])
        return RNG.choice([0.0, 1.0, RNG.random()]), human, RNG.uniform(0.05, 1.0), RNG.random()

    return records(ref.aipw_loss, columns)


def aa_paired():
    def columns():
        control = RNG.choice([None, 0.0, 1.0, RNG.random()])
        return RNG.choice([0.0, 1.0, RNG.random()]), control, RNG.uniform(0.05, 1.0), RNG.random()

    return records(ref.aa_excess_loss, columns)


def judge_tolerance():
    rows = [(RNG.random(), RNG.random(), RNG.random()) for _ in range(10)]
    return dict(rows=rows), [ref.judge_tolerance(*row) for row in rows]


def some_logs(count):
    return [RNG.choice([0.0, ref.NEG_INF, math.log(RNG.randrange(1, 3000)), RNG.uniform(-40, 40)])
            for _ in range(count)]


def e_bonferroni():
    logs = some_logs(RNG.randrange(1, 30))
    shares = [RNG.uniform(0.1, 1.0) for _ in logs]
    weights = RNG.choice([None, [0.999 * share / math.fsum(shares) for share in shares]])
    return dict(log_es=logs, weights=weights), ref.e_bonferroni(logs, weights)


def e_holm():
    logs = some_logs(RNG.randrange(1, 30))
    return dict(log_es=logs), ref.e_holm(logs)


def e_bh():
    logs, alpha = some_logs(RNG.randrange(1, 60)), RNG.choice([0.05, 0.1, RNG.uniform(0.01, 0.5)])
    return dict(log_es=logs, alpha=alpha), ref.e_bh(logs, alpha)


def e_bh_frozen():
    cells, alpha = RNG.randrange(1, 30), RNG.choice([0.05, 0.1, RNG.uniform(0.01, 0.5)])
    history = [some_logs(cells) for _ in range(RNG.randrange(1, 8))]
    return dict(history=history, alpha=alpha), ref.e_bh_frozen(history, alpha)


def drift():
    tau, lo, hi, loss = of_mode(RNG.choice(MODES))
    threshold = RNG.choice([1000.0, 10_000.0, 120_000.0, RNG.uniform(2.0, 1e6)])
    detector, units, points = ref.DriftDetector(tau, threshold, lo), [], []
    worse = RNG.random()
    for at in range(1, RNG.randrange(2, 250)):
        v = a_weight()
        y = v * (hi if at > 60 and RNG.random() < worse else loss())
        units.append((v, y))
        detector.update(v, y)
        points.append((at, detector.log_stat()))
    question = dict(units_v_y=units, tau=tau, lo=lo, hi=hi, threshold=threshold)
    return question, dict(alarm_at=detector.alarm_at, log_stat_checkpoints=points)


def watermark():
    units, seq, at = [], 0, 0
    for _ in range(RNG.randrange(40)):
        seq, at = seq + RNG.randrange(1, 4), at + RNG.randrange(-3, 12)
        units.append((seq, at, RNG.choice([0.0, 0.0, 0.0, 1.0, RNG.random(), None])))
    now, wait = RNG.randrange(-10, 300), RNG.randrange(0, 200)
    counted = ref.watermark_prefix(units, now, wait)
    return dict(units=units, now=now, max_wait=wait), counted


def gate():
    tau = RNG.choice([0.1, 0.05, RNG.random()])
    cell = dict(
        log_e_adj=RNG.choice([math.log(20), math.log(RNG.uniform(1, 200)), ref.NEG_INF, -1.0]),
        restarts=RNG.choice([0, 0, 1, 2]), alpha_c=RNG.choice([0.0, 0.0, 0.01, 0.2]),
        units=RNG.choice([0, 49, 50, 51, RNG.randrange(3000)]), days=RNG.choice([0, 2, 3, 4, 14]),
        tau=tau, recent_mean_loss=RNG.choice([tau, 0.0, RNG.random()]),
        request_mean_loss=RNG.choice([tau, 0.0, RNG.random()]),
        drift_alarm=RNG.random() < 0.3, lost_share=RNG.choice([0.0, 0.02, 0.021, RNG.random()]),
        top_user_share=RNG.choice([0.0, 0.25, 0.2501, RNG.random()]),
        sampled=RNG.randrange(400), expected_sampled=RNG.uniform(0.0, 400.0),
        var_sampled=RNG.choice([0.0, 100.0, RNG.uniform(0.0, 5000.0)]))
    return cell, ref.gate(cell)


def boundary():
    tau, alpha, most = RNG.uniform(0.05, 0.5), RNG.choice([0.05, 0.01]), RNG.randrange(6)
    need, units, table = math.log(1.0 / alpha), 1, []
    for fails in range(most + 1):
        units = max(units, fails)
        while counted([[1.0, 0.0, units - fails], [1.0, 1.0, fails]], 0.0, 1.0).log_e(tau) < need:
            units += 1
        table.append(units)
    return dict(tau=tau, alpha=alpha, max_fails=most), table


def thresholds():
    tau, lo, hi, loss = of_mode(RNG.choice(["R", "RP", "JP", "AA"]))
    question = asked(tau, lo, hi)
    graded = []
    for _ in range(RNG.randrange(400)):
        grade, v = RNG.randrange(100) / 100, a_weight()
        y = v * (lo if RNG.random() < grade else loss())
        graded.append((grade, v, y))
    steps = sorted({RNG.randrange(100) / 100 for _ in range(RNG.randrange(1, 12))}, reverse=True)
    cleared = None
    for step in steps:
        kept = counted([[v, y, 1] for grade, v, y in graded if grade >= step], lo, hi)
        log_e = kept.log_e(tau, hi)
        if log_e < math.log(1.0 / question["alpha"]):
            break
        cleared = dict(threshold=step, units=kept.totals()[0], log_e=log_e)
    return dict(question, graded=graded, thresholds=steps), cleared


def error():
    while True:
        op = RNG.choice(["add", "sampling_weight", "e_bonferroni"])
        try:
            if op == "add":
                question = dict(op=op, v=RNG.uniform(-0.5, 1.5), y=RNG.uniform(-2, 2),
                                lo=RNG.choice([0.0, -1.0]), hi=1.0)
                ref.Evidence().add(question["v"], question["y"], 1, question["lo"], 1.0)
            elif op == "sampling_weight":
                question = dict(op=op, pi=RNG.uniform(-0.5, 1.5), pi_floor=RNG.uniform(-0.5, 1.5))
                ref.sampling_weight(question["pi"], question["pi_floor"])
            else:
                weights = [RNG.uniform(-0.1, 0.9) for _ in range(3)]
                question = dict(op=op, log_es=[0.0, 1.0, 2.0], weights=weights)
                ref.e_bonferroni(question["log_es"], weights)
        except ValueError:
            return question, None


KINDS = (eprocess, eprocess, eprocess, merge, blocks, clusters, aipw, aa_paired, judge_tolerance,
         e_bonferroni, e_holm, e_bh, e_bh_frozen, drift, watermark, gate, boundary, thresholds, error)


def words_for_infinities(value):
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {key: words_for_infinities(it) for key, it in value.items()}
    if isinstance(value, (list, tuple)):
        return [words_for_infinities(it) for it in value]
    return value


def main():
    vectors = []
    for case in range(int(sys.argv[3])):
        kind = KINDS[case % len(KINDS)]
        question, expected = kind()
        vectors.append(dict(name=f"{kind.__name__} {sys.argv[2]}/{case}", kind=kind.__name__,
                            input=words_for_infinities(question),
                            expected=words_for_infinities(expected)))
    json.dump(dict(vectors=vectors), sys.stdout, allow_nan=False)


main()
