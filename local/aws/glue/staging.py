"""What a Spark job sees of S3: a folder per bucket, in which the objects it names are links to those of the local S3.

Spark reads and writes ``s3://`` paths in these folders, unknowingly; what it changed there becomes objects, through the
emulator's own S3, so that versions are kept and notifications fire. That happens when the script ends, however it ends
(what it wrote before it failed stays written, as on S3), and each time it calls S3 itself through boto3, so that both
see the same.

A link keeps what was read while another client replaces the object. Spark does not write through it, since each file of
rows that it writes has a name of its own; marks such as ``_SUCCESS``, which it writes anew in place, are copied.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from local.aws.access import Denied, require

ONE = re.compile(r"\s*s3[an]?://([^/]+)/?([^,;\"'\]}:]*?)\s*")  # may hold blanks
ADDRESS = re.compile(r"s3[an]?://([^/\s,;\"'\]}]+)/?([^\s,;\"'\]}]*)")
GLOB = re.compile(r"[*?{\[]")
UNFINISHED = re.compile(r"(^|/)(_temporary|\.spark-staging-[^/]*|\.[^/]*\.crc)(/|$)")

_stages: dict[str, "Stage"] = {}  # access key of a run → what its script sees


class NotStaged(Exception):
    """Objects cannot be shown to a job as files, or it wrote where it must not; the message says which and why."""


class Stage:
    """The objects below some paths, as files.

    :param folder: where the folders of the buckets are
    :param buckets: the buckets; what is not staged of them looks empty
    :param paths: bucket and prefix of what is staged
    """

    def __init__(self, folder: Path, buckets: Iterable[str], paths: Iterable[tuple[str, str]]) -> None:
        self.folder = folder
        self.buckets = sorted(buckets)
        self.paths = sorted(path for path in paths if path[0] in self.buckets)
        self.strays: set[str] = set()  # what the job wrote elsewhere
        self._known: dict[tuple[str, str], tuple[str, tuple[int, ...]]] = {}  # object → its ETag, its file's state
        self._busy = asyncio.Lock()
        for bucket in self.buckets:
            (folder / bucket).mkdir(parents=True, exist_ok=True)

    async def pull(self) -> None:
        """Link what is new in S3, and unlink what is gone.

        :raises NotStaged: two objects cannot both be files, or the job's role may not read one
        """
        async with self._busy:
            objects = dict(self._objects())
            for bucket, key in objects.keys() - self._known.keys():
                permit("s3:GetObject", bucket, key)
            await asyncio.to_thread(self._link, objects)

    async def push(self) -> None:
        """Let what the job changed become objects, a folder's ``_SUCCESS`` after all else.

        :raises NotStaged: S3 refuses a change, or the job's role may not make it
        """
        from ministack.services import s3

        async with self._busy:
            changed, gone = await asyncio.to_thread(self._changes)
            marks = {name for name in changed if name[1].endswith("_SUCCESS")}
            for bucket, key in sorted(changed.keys() - marks):
                await self._put(bucket, key, changed[bucket, key])
            for bucket, key in gone:
                permit("s3:DeleteObject", bucket, key)
                _check(s3._delete_object(bucket, key), bucket, key)
                del self._known[bucket, key]
            for bucket, key in sorted(marks):
                await self._put(bucket, key, changed[bucket, key])

    def unseen(self) -> set[tuple[str, str]]:
        """Return the shortest prefixes, by bucket, below which there are objects but nothing is staged."""
        from ministack.services import s3

        above = {(bucket, prefix[: end.start()]) for bucket, prefix in self.paths for end in re.finditer("/", prefix)}
        found: set[tuple[str, str]] = set()
        for bucket in self.buckets:
            for key in s3._buckets[bucket]["objects"]:
                if self.holds(bucket, key) or key.startswith("/"):  # which Spark cannot name
                    continue
                for end in re.finditer("(?<=[^/])(/|$)", key):
                    if (prefix := (bucket, key[: end.start()])) not in above:
                        found.add(prefix)
                        break
        return found

    def holds(self, bucket: str, key: str) -> bool:
        """Tell whether a key is below what is staged."""
        return any(bucket == b and (not p or key == p or key.startswith(f"{p}/")) for b, p in self.paths)

    def _objects(self) -> Iterator[tuple[tuple[str, str], str]]:
        from ministack.services import s3

        for bucket in {bucket for bucket, _ in self.paths} & set(s3._buckets):
            permit("s3:ListBucket", bucket)
            for key, entry in s3._buckets[bucket]["objects"].items():
                if self.holds(bucket, key) and not key.endswith("/"):  # the console's "folders" are none to Spark
                    yield (bucket, key), entry["etag"]

    def _link(self, objects: Mapping[tuple[str, str], str]) -> None:
        from ministack.services import s3

        for name in self._known.keys() - objects.keys():
            (self.folder / name[0] / name[1]).unlink(missing_ok=True)
            del self._known[name]
        for (bucket, key), etag in objects.items():
            if self._known.get((bucket, key), ("",))[0] == etag:
                continue
            path = self.folder / bucket / key
            if ".." in path.parts or str(path) != f"{self.folder}/{bucket}/{key}":
                raise NotStaged(f"s3://{bucket}/{key} cannot be staged: no file can have this name")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
            except (FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
                raise NotStaged(f"s3://{bucket}/{key} cannot be staged: another key needs a folder here") from error
            _link_or_copy(s3._object_disk_path(bucket, key), path)
            self._known[bucket, key] = etag, _state(path)

    def _changes(self) -> tuple[dict[tuple[str, str], Path], list[tuple[str, str]]]:
        found = {}
        for bucket in self.buckets:
            base = str(self.folder / bucket)
            for folder, _, files in os.walk(base):
                prefix = f"{folder[len(base) + 1 :]}/".lstrip("/")
                found.update({(bucket, prefix + file): Path(folder, file) for file in files})
        gone = sorted(self._known.keys() - found.keys())
        changed = {}
        for name, path in found.items():
            if UNFINISHED.search(name[1]) or self._known.get(name, ("", ()))[1] == _state(path):
                continue  # not to be kept, or as it was
            if self.holds(*name):
                changed[name] = path
            else:
                self.strays.add(f"s3://{name[0]}/{name[1]}")
        return changed, gone

    async def _put(self, bucket: str, key: str, path: Path) -> None:
        from ministack.services import s3

        permit("s3:PutObject", bucket, key)
        state, body = _state(path), await asyncio.to_thread(path.read_bytes)
        headers = {"content-type": "application/octet-stream", "content-length": str(len(body))}
        answer = s3._put_object(bucket, key, body, headers)
        _check(answer, bucket, key)
        self._known[bucket, key] = answer[1]["ETag"], state


def named(arguments: Mapping[str, str], buckets: Iterable[str]) -> set[tuple[str, str]]:
    """Return bucket and prefix of all that arguments name: S3 addresses, and names of buckets.

    A pattern stands for the folder that it begins with.
    """
    found = {(value, "") for value in arguments.values() if value in buckets}
    for value in arguments.values():
        one = ONE.fullmatch(value)
        for bucket, key in [one.groups()] if one else ADDRESS.findall(value):
            pattern = GLOB.search(key)
            prefix = key[: key.rfind("/", 0, pattern.start()) + 1] if pattern else key
            found.add((bucket, prefix.strip("/")))
    return found


def permit(action: str, bucket: str, key: str = "") -> None:
    """Return if the run's role may do this, or if nothing is enforced.

    :raises NotStaged: it may not
    """
    try:
        require(action, f"arn:aws:s3:::{bucket}/{key}".rstrip("/"))
    except Denied as error:
        raise NotStaged(f"AccessDenied: {error}") from error


def follow(access_key: str, stage: Stage) -> None:
    """From now on, let requests to S3 that are signed with a run's key see what its Spark wrote, and the other way."""
    _stages[access_key] = stage


def unfollow(access_key: str) -> None:
    """Let the requests of a run be like all others again."""
    _stages.pop(access_key, None)


def install() -> None:
    """Let the requests that scripts make to S3 pass by their stages."""
    from ministack.core.router import extract_access_key_id
    from ministack.services import s3

    stock: Callable[..., Awaitable[Any]] = s3.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any], **options: Any
    ) -> Any:
        stage = _stages.get(extract_access_key_id(headers, query_params)) if _stages else None
        if stage is None:
            return await stock(method, path, headers, body, query_params, **options)
        await stage.push()
        answer = await stock(method, path, headers, body, query_params, **options)
        if method not in ("GET", "HEAD"):
            await stage.pull()
        return answer

    s3.handle_request = handle_request


def _check(answer: tuple[int, Any, bytes], bucket: str, key: str) -> None:
    if answer[0] >= 300:
        raise NotStaged(f"S3 refuses s3://{bucket}/{key}: {answer[2].decode(errors='replace')}")


def _state(path: Path) -> tuple[int, ...]:
    state = path.stat()
    return state.st_ino, state.st_mtime_ns, state.st_size


def _link_or_copy(source: str, path: Path) -> None:
    if path.name.startswith(("_", ".")):
        shutil.copyfile(source, path)
        return
    try:
        os.link(source, path)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, path)
