"""Sums up what `holdfast verify --adapter --json --history` told, run by run, for scripts/other-locks.sh."""

import json
import sys
from collections import defaultdict


def cuts(events):
    """How often links to a minority of the nodes were cut, and in how many of these times a lock was granted."""
    begun, spans = {}, []
    for event in events:
        if event["process"] != "nemesis":
            continue
        number = event["value"][0]
        # Delays are not cuts.
        if event["f"] == "fault" and event["value"][1] in ("drop-requests", "drop-replies", "reset"):
            begun[number] = event["time"]
        if event["f"] == "heal" and number in begun:
            spans.append((begun.pop(number), event["time"]))
    grants = [event["time"] for event in events if event["f"] == "acquire" and event["type"] == "ok"]
    # What was on its way when the cut came counts for nothing.
    margin = 100_000_000
    alive = [any(start + margin < grant < end for grant in grants) for start, end in spans]
    return len(alive), sum(alive)


def add(table, faults, result, history):
    with open(result) as file:
        result = json.load(file)
    with open(history) as file:
        events = [json.loads(line) for line in file]
    # Each acknowledged increment must have reached a value of its own. The final value alone would not tell: an
    # increment whose client was killed before it could acknowledge it makes up for one that was lost.
    done = [tuple(event["value"]) for event in events if event["f"] == "increment" and event["type"] == "ok"]
    figures = {
        judgement["guarantee"]: {figure["name"]: figure["value"] for figure in judgement["figures"]}
        for judgement in result["judgements"]
    }
    row = {
        "library": result["about"].split("lock with ")[1].split(", with")[0],
        "faults": faults,
        "verdict": result["verdict"],
        "guilty of": {
            judgement["guarantee"]: judgement["violations"][0]["sentence"] if judgement["violations"] else ""
            for judgement in result["judgements"]
            if judgement["verdict"] == "invalid"
        },
        "unsure": [j["guarantee"] for j in result["judgements"] if j["verdict"] == "unknown"],
        "increments": len(done),
        "lost": len(done) - len(set(done)),
        "tenures": figures["tenures do not overlap"]["tenures"],
        "overlaps": figures["tenures do not overlap"]["overlaps"],
        "pauses": sum(f["confirmed"] for f in result["faults"] if f["title"] == "pause worker"),
        "cuts": cuts(events),
    }
    with open(table, "a") as file:
        print(json.dumps(row), file=file)


def show(table):
    rows = defaultdict(list)
    with open(table) as file:
        for line in file:
            row = json.loads(line)
            rows[row["faults"], row["library"]].append(row)
    titles = ["runs", "guilty", "pauses", "tenures", "overlap", "increments", "lost", "cuts", "with grants"]
    heading = None
    for (faults, library), runs in rows.items():
        if faults != heading:
            heading = faults
            print(f"\n{faults}\n{'':42}" + " ".join(f"{title:>11}" for title in titles))
        values = [len(runs), sum(run["verdict"] == "invalid" for run in runs)]
        values += [sum(run[key] for run in runs) for key in ["pauses", "tenures", "overlaps", "increments", "lost"]]
        values += [sum(run["cuts"][0] for run in runs), sum(run["cuts"][1] for run in runs)]
        print(f"{library:42}" + " ".join(f"{value:>11}" for value in values))
        for guarantee in sorted({name for run in runs for name in run["guilty of"]}):
            sentences = [run["guilty of"][guarantee] for run in runs if guarantee in run["guilty of"]]
            print(f"    guilty of '{guarantee}': {len(sentences)} runs, such as: {sentences[0]}")
        for guarantee in sorted({name for run in runs for name in run["unsure"]}):
            print(f"    undecided '{guarantee}': {sum(guarantee in run['unsure'] for run in runs)} runs")


def urls():
    """The nodes of `holdfast cluster up --json` on standard input, as --nodes takes them."""
    print(",".join(json.load(sys.stdin)["nodes"]))


{"add": add, "show": show, "urls": urls}[sys.argv[1]](*sys.argv[2:])
