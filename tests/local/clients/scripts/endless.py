"""A Glue job that goes on until it is stopped."""

import time

while True:
    print("still here", flush=True)
    time.sleep(0.2)
