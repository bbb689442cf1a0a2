"""Makes vectors.json: requests as the vendor's SDK for Python (botocore) signs them, with keys that nobody has.

    python -m pip install boto3 && python vectors.py > vectors.json
"""

import json

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

KEY, SECRET = "weir_key_of_nobody", "wJalr/made+up/XUtnFEMI"


class Caught(Exception):
    """Nothing is sent."""


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def vector(name, request, token=None):
    head = {key.lower(): text(value) for key, value in request.headers.items()}
    head["host"] = request.url.split("/")[2]
    signed = head["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    head = {key: value for key, value in head.items() if key in [*signed, "authorization"]}
    body = request.body or b""
    return {
        "name": name,
        "method": request.method,
        "url": request.url,
        "headers": head,
        "body": text(body),
        "key": KEY,
        "secret": SECRET,
        "token": token,
    }


def of_client(name, operation, token=None, endpoint=None, **asked):
    """What a client of Bedrock's runtime sends."""
    client = boto3.client(
        "bedrock-runtime",
        region_name="eu-central-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        aws_session_token=token,
        endpoint_url=endpoint,
        config=Config(retries={"max_attempts": 0}),
    )
    caught = []

    def catch(request, **_):
        caught.append(request)
        raise Caught

    client.meta.events.register("before-send.bedrock-runtime.*", catch)
    try:
        getattr(client, operation)(**asked)
    except Caught:
        pass
    return vector(name, caught[0], token)


def by_hand(name, method, url, headers, body=b"", token=None):
    """What the signer makes of a request of our own."""
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    SigV4Auth(Credentials(KEY, SECRET, token), "bedrock", "us-east-1").add_auth(request)
    return vector(name, request.prepare(), token)


def main():
    said = [{"role": "user", "content": [{"text": "Grüße, \"you\"\n"}]}]
    arn = "arn:aws:bedrock:eu-central-1:111122223333:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    made = [
        of_client("converse", "converse", modelId="anthropic.claude-3-haiku-20240307-v1:0", messages=said),
        of_client("converse, streamed", "converse_stream", modelId="amazon.nova-lite-v1:0", messages=said),
        of_client("an ARN for a model", "converse", modelId=arn, messages=said),
        of_client("with a session token", "converse", token="FwoGZXIvYXdzE//made+up==", modelId="m", messages=said),
        of_client("another host and port", "converse", endpoint="http://127.0.0.1:8080", modelId="m", messages=said),
        of_client(
            "another body and headers",
            "invoke_model",
            modelId="a b~c*d",
            body=b"{}",
            accept="application/json",
            trace="ENABLED",
            guardrailIdentifier="g",
            guardrailVersion="1",
        ),
        by_hand("no body", "GET", "https://bedrock.example/", {}),
        by_hand("a query out of order", "GET", "https://bedrock.example/a/b?b=2&a=1&a=0&c&d=%20", {}),
        by_hand("detours in the path", "POST", "https://bedrock.example/a/./b/../c//d%2Fe/", {}, b"x"),
        by_hand("spaces in a header", "POST", "https://bedrock.example/m", {"x-amz-meta": "  a   b  ", "x-other": "é"}, b"x"),
    ]
    print(json.dumps(made, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
