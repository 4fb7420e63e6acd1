"""Where a test reads what was told on the alerts topic."""

import json
import uuid
from dataclasses import dataclass
from typing import Self

import boto3

from quayside.settings import Settings


@dataclass(frozen=True, slots=True)
class Inbox:
    """A queue that is subscribed to the alerts topic."""

    url: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Subscribe a new queue."""
        queues = boto3.client("sqs")
        url = queues.create_queue(QueueName=f"inbox-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        permission = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                      "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": settings.alerts_topic_arn}}}  # fmt: skip
        policy = {"Version": "2012-10-17", "Statement": [permission]}
        queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        boto3.client("sns").subscribe(TopicArn=settings.alerts_topic_arn, Protocol="sqs", Endpoint=arn)
        return cls(url)

    def read(self) -> list[tuple[str, str]]:
        """Take out what has arrived: (subject, text) of each message."""
        taken, queues = [], boto3.client("sqs")
        while messages := queues.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                body = json.loads(message["Body"])
                taken.append((body["Subject"], body["Message"]))
                queues.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return taken
