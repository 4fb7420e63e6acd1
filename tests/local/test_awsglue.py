"""The library that Glue scripts import: arguments as AWS resolves them, and what is refused as soon as it is used."""

import argparse

import pytest

from local.aws.glue.library.awsglue import Refused, dynamicframe, transforms
from local.aws.glue.library.awsglue.job import Job
from local.aws.glue.library.awsglue.utils import GlueArgumentError, getResolvedOptions

GIVEN = ["script.py", "--JOB_NAME", "curate", "--JOB_RUN_ID", "jr_1", "--day", "2024-01-01", "--job-bookmark-option",
         "job-bookmark-disable", "--dry-run", "", "--offset", "-3", "--metadata", "yes"]  # fmt: skip


def test_what_a_script_asks_for_is_returned_with_what_is_glues_own():
    assert getResolvedOptions(GIVEN, ["JOB_NAME", "day"]) == {
        "JOB_NAME": "curate",
        "day": "2024-01-01",
        "JOB_RUN_ID": "jr_1",
        "JOB_ID": None,
        "job_bookmark_option": "job-bookmark-disable",
        "job_bookmark_from": None,
        "job_bookmark_to": None,
        "SECURITY_CONFIGURATION": None,
        "encryption_type": None,
        "enable_data_lineage": None,
        "TempDir": None,
        "RedshiftTempDir": None,
    }


def test_a_hyphen_in_a_name_becomes_an_underscore():
    assert getResolvedOptions(GIVEN, ["dry-run"])["dry_run"] == ""


def test_a_negative_number_is_a_value():
    assert getResolvedOptions(GIVEN, ["offset"])["offset"] == "-3"


def test_the_beginning_of_a_name_stands_for_the_name():
    assert getResolvedOptions(GIVEN, ["metadata_location"])["metadata_location"] == "yes"


def test_arguments_that_are_missing_are_all_named():
    with pytest.raises(GlueArgumentError, match=r"^the following arguments are required: --from, --to$"):
        getResolvedOptions(GIVEN, ["from", "day", "to"])


def test_an_argument_without_its_value_is_an_error():
    with pytest.raises(GlueArgumentError, match="argument --last: expected one argument"):
        getResolvedOptions([*GIVEN, "--last"], ["last"])


def test_a_temporary_directory_may_be_asked_for_and_then_must_be_there():
    with pytest.raises(GlueArgumentError, match="--TempDir"):
        getResolvedOptions(GIVEN, ["TempDir"])

    assert getResolvedOptions([*GIVEN, "--TempDir", "s3://lake/tmp"], ["TempDir"])["TempDir"] == "s3://lake/tmp"


def test_what_is_glues_own_cannot_be_asked_for():
    with pytest.raises(argparse.ArgumentError, match="conflicting option string: --JOB_RUN_ID"):
        getResolvedOptions(GIVEN, ["JOB_RUN_ID"])


def test_a_job_begins_and_ends():
    job = Job(None)
    job.init("curate", {})
    job.commit()


@pytest.mark.parametrize("part", [dynamicframe.DynamicFrame, transforms.ApplyMapping, Refused("GlueContext.getSink")])
def test_what_is_not_there_can_be_imported_and_says_so_when_it_is_used(part):
    for use in (lambda: part("frame"), lambda: part.fromDF("frame"), lambda: part.apply(frame="frame")):
        with pytest.raises(NotImplementedError, match="use Spark's DataFrames instead"):
            use()
