"""The sandbox's AWS: moto's S3, ECR and Lambda at one port of the loopback interface.

Two things that moto lacks: what it holds outlives its process, and its ECR has the images that the sandbox's registry has.
Arguments: the folder of its packages, its port, the registry (host:port), the journal. In the environment: the registry's
password.
"""
import base64
import datetime
import io
import json
import logging
import os
import sys
import threading
import urllib.error
import urllib.request

PACKAGES, PORT, REGISTRY, JOURNAL = sys.argv[1:]
LOGIN = base64.b64encode(("AWS:" + os.environ["LAYERWISE_SANDBOX_REGISTRY_PASSWORD"]).encode()).decode()
# moto signs requests to itself. Its Lambda takes the images of its ECR.
os.environ.update(MOTO_PORT=PORT, AWS_ACCESS_KEY_ID="sandbox", AWS_SECRET_ACCESS_KEY="sandbox")
os.environ.update(MOTO_LAMBDA_STUB_ECR="false")
sys.path.insert(0, PACKAGES)

from moto.core.responses import ActionResult  # noqa: E402
from moto.ecr.models import Image, ecr_backends  # noqa: E402
from moto.ecr.responses import ECRResponse  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple  # noqa: E402
from werkzeug.test import EnvironBuilder, run_wsgi_app  # noqa: E402

MANIFESTS = ", ".join(
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)
HOURS_OF_A_TOKEN = 12
ABOUT_IMAGES = {"DescribeImages", "ListImages", "BatchGetImage", "BatchDeleteImage", "DeleteRepository"}
READING = ("Describe", "Get", "List", "BatchGet", "BatchCheck")


def registry(method, path):
    """The registry's answer, its headers and its body; nothing where it says 404."""
    headers = {"Accept": MANIFESTS, "Authorization": "Basic " + LOGIN}
    request = urllib.request.Request(f"http://{REGISTRY}/v2/{path}", method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        if error.code in (404, 405):
            return None
        raise


def follow_the_registry(only=None):
    """Lets the repositories of ECR have the images and tags that the registry has."""
    for account, regions in list(ecr_backends.items()):
        for backend in list(regions.values()):
            for name, repository in list(backend.repositories.items()):
                if only in (None, name):
                    repository.images = images_of(account, name, repository.images)


def images_of(account, name, known):
    known = {image.get_image_digest(): image for image in known}
    listed = registry("GET", f"{name}/tags/list")
    now, tags = {}, json.loads(listed[1])["tags"] or [] if listed else []
    for tag in sorted(tags):
        found = registry("HEAD", f"{name}/manifests/{tag}")
        if found is None:
            continue
        now.setdefault(found[0]["Docker-Content-Digest"], []).append(tag)
    for digest in known:
        if digest not in now and registry("HEAD", f"{name}/manifests/{digest}"):
            now[digest] = []
    images = []
    for digest, tags in now.items():
        image = known.get(digest)
        if image is None:
            headers, manifest = registry("GET", f"{name}/manifests/{digest}")
            image = Image(account, None, manifest.decode(), name, headers["Content-Type"], digest)
        image.image_tags, image.image_tag = tags, tags[-1] if tags else None
        images.append(image)
    return images


def delete_from_the_registry(name, images):
    """ECR has deleted these; a tag alone goes only with the last tag of its image, as the registry cannot do less."""
    for image in images:
        registry("DELETE", f"{name}/manifests/{image['imageDigest']}")


def get_authorization_token(self):
    now = datetime.datetime.now(datetime.timezone.utc)
    token = {
        "authorizationToken": LOGIN,
        "expiresAt": now + datetime.timedelta(hours=HOURS_OF_A_TOKEN),
        "proxyEndpoint": f"http://{REGISTRY}",
    }
    return ActionResult({"authorizationData": [token]})


def size(image):
    """moto's is that of the configuration."""
    manifest = json.loads(image.image_manifest)
    return sum(part["size"] for part in [*manifest.get("layers", []), manifest.get("config", {"size": 0})])


ECRResponse.get_authorization_token = get_authorization_token
Image.get_image_size_in_bytes = size


class Sandbox:
    """moto, one changing request after the other; each that succeeded is a line of the journal."""

    def __init__(self, moto):
        self.moto, self.turn = moto, threading.RLock()
        self.journal = open(JOURNAL, "a+")
        self.journal.seek(0)
        whole = 0
        for line in self.journal:
            # The last line is a half one after a power cut.
            if line.endswith("\n"):
                self.do_again(json.loads(line))
                whole += len(line.encode())
        self.journal.truncate(whole)

    def do_again(self, request):
        body = base64.b64decode(request.pop("body"))
        if request["path"].startswith("/20"):
            # A function is made of an image that is there.
            follow_the_registry()
        run_wsgi_app(self.moto, EnvironBuilder(data=body, **request).get_environ())

    def __call__(self, environ, start_response):
        chunked = environ.get("wsgi.input_terminated")
        length = -1 if chunked else int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        on_lambda = environ["PATH_INFO"].startswith("/20")
        changes = environ["REQUEST_METHOD"] not in ("GET", "HEAD") and not action.startswith(READING)
        with self.turn:
            if action in ABOUT_IMAGES:
                follow_the_registry(json.loads(body)["repositoryName"])
            elif on_lambda and changes:
                follow_the_registry()
            answer, status, headers = run_wsgi_app(self.moto, environ, buffered=True)
            answer = b"".join(answer)
            if changes and status.startswith("2"):
                self.write(environ, body)
                if action == "BatchDeleteImage":
                    name = json.loads(body)["repositoryName"]
                    delete_from_the_registry(name, json.loads(answer).get("imageIds", []))
        start_response(status, list(headers))
        return [answer]

    def write(self, environ, body):
        names = {"Authorization": "HTTP_AUTHORIZATION", "Content-Type": "CONTENT_TYPE", "Host": "HTTP_HOST"}
        headers = {name: environ[key] for name, key in names.items() if environ.get(key)}
        for key, value in environ.items():
            if key.startswith("HTTP_X_AMZ"):
                headers[key[5:].replace("_", "-").title()] = value
        request = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query_string": environ.get("QUERY_STRING", ""),
            "headers": headers,
            "body": base64.b64encode(body).decode(),
        }
        self.journal.write(json.dumps(request) + "\n")
        self.journal.flush()


logging.getLogger("werkzeug").setLevel(logging.ERROR)
run_simple(
    "127.0.0.1",
    int(PORT),
    Sandbox(DomainDispatcherApplication(create_backend_app)),
    threaded=True,
    request_handler=MotoRequestHandler,
)
