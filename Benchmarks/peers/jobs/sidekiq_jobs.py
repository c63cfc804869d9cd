"""Sidekiq, from Debian's ruby-sidekiq: one process, threads, its usual (not reliable) fetch."""

import json
import subprocess
import os

import harness

options = harness.arguments()
client = harness.connect(options)
here = os.path.dirname(os.path.abspath(__file__))
tasks = os.path.join(here, "sidekiq_tasks.rb")
half = options.jobs // 2
output = subprocess.run(
    ["ruby", tasks, str(half), str(options.jobs - half), str(options.payload)], env=harness.environment(options),
    check=True, stdout=subprocess.PIPE).stdout
rates = json.loads(output)
worker = ["sidekiq", "-r", tasks, "-c", str(options.concurrency), "-q", "default"]
drained = harness.drain(options, worker, lambda: client.llen("queue:default"))
harness.report(rates["enqueue_per_s"], drained, rates["bulk_enqueue_per_s"])
