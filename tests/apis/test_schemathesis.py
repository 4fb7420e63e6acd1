"""Whatever the document allows, and much that it forbids, sent to the running API by a tool that knows only the document."""

import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from local.layout import ROOT
from tests.apis.test_dashboards import open_ as open_  # data to ask for
from tests.support.api import Api

NOT_MEANT = [
    positive_data_acceptance,  # a range that ends before it begins fits the document, and is refused all the same
    unsupported_method,  # API Gateway knows no 405: a method that is not there is a path that is not there
]


# What API Gateway answers to a preflight by itself is looked at elsewhere.
DOCUMENT = yaml.safe_load((ROOT / "api_lambdas" / "openapi.yaml").read_text())
CONFIG = schemathesis.Config.from_dict({"checks": {
    # 412: an If-Match that is no version at all is none that is current. 428 is what RFC 6585 has for a missing one.
    "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 409, 412, 415, 428]},
    "missing_required_header": {"expected-statuses": [401, 403, 428]},
}})  # fmt: skip
schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG).exclude(method="OPTIONS")


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_describes(case: schemathesis.Case, api: Api, open_):
    case.call_and_validate(
        base_url=api.url,
        headers={"Authorization": f"Bearer {api.tokens('admin')['AccessToken']}"},
        excluded_checks=NOT_MEANT,
    )
