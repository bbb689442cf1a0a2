"""An application that streams answers and asks again when its library raises: what llmock judges."""

import os
import random
import sys
import time

from openai import OpenAI, OpenAIError

CALLS = int(os.environ.get("CALLS", "60"))
TRIES = 10  # as many as llmock takes for reasonable

client = OpenAI(base_url=os.environ["BASE"], api_key=os.environ["KEY"], max_retries=0, timeout=20)
random.seed(1)


def stream(text):
    answer = client.chat.completions.create(
        model=os.environ.get("MODEL", "gpt-4o"),
        messages=[{"role": "user", "content": text}],
        stream=True,
    )
    said, reason = "", None
    for chunk in answer:
        for choice in chunk.choices:
            said += choice.delta.content or ""
            reason = choice.finish_reason or reason
    return said, reason


raised, given_up, half = 0, 0, 0
for number in range(CALLS):
    for attempt in range(TRIES):
        try:
            # The library raises nothing where a stream ends early with its framing in order; nor does this application look.
            said, reason = stream(f"call {number}: tell me about the sea, at some length")
            half += reason is None
            break
        except (OpenAIError, ValueError) as error:
            raised += 1
            # Longer each time, and never the same.
            time.sleep(min(0.15 * 2**attempt, 2) * random.uniform(1.0, 1.3))
    else:
        given_up += 1
print(f"{CALLS} calls; the library raised {raised} times; {given_up} given up; {half} half answers taken for whole")
sys.exit(0)
