import os

from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_REDIS"])


@app.task(ignore_result=True)
def nothing(number, text):
    pass
