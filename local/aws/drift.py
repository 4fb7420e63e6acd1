"""What ministack forgets of what it was told, so that Terraform would find a difference where nothing has changed."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape  # it writes XML, and reads none  # nosec B406

from local.aws.seam import Answer, Refused, check, intercept

USES = {
    "apigateway_v1": ("_get_stage(api_id, stage_name)",),
    "cloudwatch": (
        "_describe_alarms(params, cbor_data, is_cbor, is_json)", "_put_metric_alarm(params, cbor_data, is_cbor, is_json)",
        "_xml(status, root_tag, inner)", "_error", "_p(params, key, default)",
    ),
    "cloudwatch_logs": ("get_state()", "load_persisted_state(data)"),
    "glue": ("_create_crawler(data)", "_create_trigger(data)", "_triggers"),
    "lambda_svc": ("_create_esm(data)",),
    "s3": (
        "_create_multipart_upload(bucket_name, key, headers)", "_multipart_uploads", "_object_tags", "_ensure_bucket(name)",
        "_complete_multipart_upload(bucket_name, key, body, query_params, headers)", "_qp(params, key, default)",
    ),
    "ministack.core.responses": ("AccountRegionScopedDict", "new_uuid()"),
}  # fmt: skip
MATHS = "The local CloudWatch does not evaluate metric math: give the alarm one metric."


def install() -> None:
    """Let ministack remember.

    :raises SeamMoved: ministack is not as expected
    """
    modules = check(USES)
    _stages(modules["apigateway_v1"])
    _tags_of_large_objects(modules["s3"])
    _alarms(modules["cloudwatch"])
    _defaults(modules["glue"], modules["lambda_svc"])
    _QueryDefinitions(modules["cloudwatch_logs"], modules["ministack.core.responses"])


def _defaults(glue: Any, lambda_svc: Any) -> None:
    """Let what a request leaves out be what it is on AWS."""
    create_crawler, create_trigger, create_esm = glue._create_crawler, glue._create_trigger, lambda_svc._create_esm

    def crawler(data: dict[str, Any]) -> Answer:
        return create_crawler({"LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"}, **data})  # type: ignore[no-any-return]

    def trigger(data: dict[str, Any]) -> Answer:
        answer: Answer = create_trigger(data)
        if answer[0] == 200 and not data.get("Predicate"):
            del glue._triggers[data["Name"]]["Predicate"]  # no predicate is not an empty one
        return answer

    def event_source_mapping(data: dict[str, Any]) -> Answer:
        size = 10 if ":sqs:" in data.get("EventSourceArn", "") else 100
        return create_esm({"BatchSize": size, **data})  # type: ignore[no-any-return]

    glue._create_crawler, glue._create_trigger = crawler, trigger
    lambda_svc._create_esm = event_source_mapping


def _stages(v1: Any) -> None:
    get = v1._get_stage

    def get_stage(api: str, stage: str) -> Answer:
        """Leave out the settings of access logs where there are none."""
        status, headers, body = get(api, stage)
        told = json.loads(body)
        if told.get("accessLogSettings", True):
            return status, headers, body
        del told["accessLogSettings"]
        return status, headers, json.dumps(told).encode()

    v1._get_stage = get_stage


def _tags_of_large_objects(s3: Any) -> None:
    create, complete = s3._create_multipart_upload, s3._complete_multipart_upload

    def create_multipart_upload(bucket: str, key: str, headers: Mapping[str, str]) -> Answer:
        known = set(s3._multipart_uploads)
        answer: Answer = create(bucket, key, headers)
        for upload in set(s3._multipart_uploads) - known:
            s3._multipart_uploads[upload]["tagging"] = headers.get("x-amz-tagging", "")
        return answer

    def complete_multipart_upload(bucket: str, key: str, body: bytes, query: Any, headers: Any = None) -> Answer:
        """Give an object that came in parts the tags that its upload began with."""
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId")) or {}
        tags = dict(parse_qsl(upload.get("tagging", ""), keep_blank_values=True))
        answer: Answer = complete(bucket, key, body, query, headers)
        if tags and answer[0] == 200:
            version = s3._ensure_bucket(bucket)["objects"][key].get("version_id")
            s3._object_tags[(bucket, key, version)] = tags
        return answer

    s3._create_multipart_upload, s3._complete_multipart_upload = create_multipart_upload, complete_multipart_upload


def _alarms(cloudwatch: Any) -> None:
    put, describe = cloudwatch._put_metric_alarm, cloudwatch._describe_alarms

    def put_metric_alarm(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Answer:
        """Refuse what would be kept as an alarm on no metric at all."""
        if "Metrics" in data or "Metrics.member.1.Id" in params:
            return cloudwatch._error("ValidationError", MATHS, 400, use_json=is_json, use_cbor=is_cbor)  # type: ignore[no-any-return]
        return put(params, data, is_cbor, is_json)  # type: ignore[no-any-return]

    def describe_alarms(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Answer:
        """Answer the query protocol with all that the JSON protocol tells, not with ten members of it."""
        if is_cbor or is_json:
            return describe(params, data, is_cbor, is_json)  # type: ignore[no-any-return]
        one = {
            name: cloudwatch._p(params, name) for name in ("AlarmNamePrefix", "StateValue", "MaxRecords", "NextToken")
        }
        many = {name: _members(params, name) for name in ("AlarmNames", "AlarmTypes")}
        request = {name: value for name, value in {**one, **many}.items() if value}
        status, _, body = describe({}, request, False, True)
        if status != 200:
            return describe(params, data, is_cbor, is_json)  # type: ignore[no-any-return]
        inner = f"<DescribeAlarmsResult>{_as_xml(json.loads(body))}</DescribeAlarmsResult>"
        return cloudwatch._xml(200, "DescribeAlarmsResponse", inner)  # type: ignore[no-any-return]

    cloudwatch._put_metric_alarm, cloudwatch._describe_alarms = put_metric_alarm, describe_alarms


def _members(params: Mapping[str, Any], name: str) -> list[str]:
    found = [value for key, value in params.items() if key.startswith(f"{name}.member.")]
    return [value[0] if isinstance(value, list) else value for value in found]


def _as_xml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        told = {name: item for name, item in value.items() if item not in (None, "")}
        for name in (name for name in told if name.endswith("Timestamp")):
            told[name] = datetime.fromtimestamp(told[name], UTC).isoformat()
        return "".join(f"<{name}>{_as_xml(item)}</{name}>" for name, item in told.items())
    if isinstance(value, list):
        return "".join(f"<member>{_as_xml(item)}</member>" for item in value)
    return escape(str(value))


class _QueryDefinitions:
    """Saved queries of CloudWatch Logs, which ministack does not have."""

    def __init__(self, logs: Any, responses: Any) -> None:
        self._new_id: Callable[[], str] = responses.new_uuid
        self._kept = responses.AccountRegionScopedDict()
        handlers = {
            "PutQueryDefinition": self.put,
            "DescribeQueryDefinitions": self.describe,
            "DeleteQueryDefinition": self.delete,
        }
        intercept("cloudwatch_logs", handlers, uses={})
        state, load = logs.get_state, logs.load_persisted_state
        logs.get_state = lambda: {**state(), "query_definitions": self._kept}

        def load_persisted_state(data: dict[str, Any]) -> None:
            load(data)
            self._kept.update(data.get("query_definitions", {}))

        logs.load_persisted_state = load_persisted_state

    async def put(self, request: dict[str, Any]) -> dict[str, Any]:
        """PutQueryDefinition."""
        known = request.get("queryDefinitionId")
        if known and known not in self._kept:
            raise Refused("ResourceNotFoundException", f"The specified query definition {known} does not exist.")
        name = known or self._new_id()
        members = ("name", "queryString", "logGroupNames")
        asked = {member: request[member] for member in members if member in request}
        self._kept[name] = {"queryDefinitionId": name, **asked}
        return {"queryDefinitionId": name}

    async def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeQueryDefinitions."""
        prefix = request.get("queryDefinitionNamePrefix", "")
        return {"queryDefinitions": [one for one in self._kept.values() if one["name"].startswith(prefix)]}

    async def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteQueryDefinition."""
        if self._kept.pop(request["queryDefinitionId"], None) is None:
            raise Refused("ResourceNotFoundException", "The specified query definition does not exist.")
        return {"success": True}
