"""docs/openapi.yaml as a judge of answers, and the table of src/app/api.c as its measure."""

import json
import os
import re
from urllib.parse import quote

import pytest

from instance import TOP

METHODS = ("get", "post", "put", "patch", "delete")
# What an operation may say of itself; the other statuses of problems are those of every one.
OWN_PROBLEMS = (401, 403, 404, 409, 412, 422)
DIALECT = "https://json-schema.org/draft/2020-12/schema"
PREFIX = "/api/v1"


# Of operations that no key calls: who does.
BROWSERS = ("browser", "session", "admin-session", "user-session")


class Operation:
    def __init__(self, contract, path, method, content, parameters):
        self.id = content["operationId"]
        self.path = path
        self.method = method.upper()
        self.role = content["x-role"]
        self.responses = content["responses"]
        self.parameters = [contract.follow(row) for row in parameters + content.get("parameters", [])]
        body = content.get("requestBody", {"content": {}})["content"]
        self.body_type = next(iter(body), None)
        self.body_schema = contract.follow(body[self.body_type]["schema"]) if body else None

    def names(self, place):
        return [row["name"] for row in self.parameters if row["in"] == place]

    def fill(self, values, query=None):
        path = re.sub(r"{(\w+)}", lambda match: quote(str(values[match[1]]), safe="@:"), self.path)
        rows = [f"{name}={quote(str(value))}" for name, value in (query or {}).items()]
        return path + ("?" + "&".join(rows) if rows else "")


class Contract:
    def __init__(self):
        yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")
        self.judge = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
        with open(os.path.join(TOP, "docs", "openapi.yaml"), encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        self.operations = {}
        for path, content in self.document["paths"].items():
            for method in METHODS:
                if method in content:
                    operation = Operation(self, path, method, content[method],
                                          content.get("parameters", []))
                    assert operation.id not in self.operations
                    self.operations[operation.id] = operation

    def follow(self, content):
        """What a reference names, else the thing itself."""
        while list(content) == ["$ref"]:
            target = self.document
            for step in content["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            content = target
        return content

    def faults(self, schema, value):
        """What is wrong with the value, as texts."""
        whole = {"$schema": DIALECT, "components": self.document["components"], **schema}
        validator = self.judge.Draft202012Validator(whole)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def named_faults(self, name, value):
        return self.faults({"$ref": f"#/components/schemas/{name}"}, value)

    def members(self, schema):
        """Names and schemas of the members of a body, those of the schema it is built on too."""
        found = {}
        for part in schema.get("allOf", []):
            found.update(self.members(self.follow(part)))
        return {**found, **schema.get("properties", {})}


    def bad_values(self, schema):
        """Values of a member that its schema refuses, one for each thing that it says."""
        schema = {**schema, **self.follow({"$ref": schema["$ref"]})} if "$ref" in schema else schema
        schema = self.follow(schema.get("anyOf", [schema])[0])
        found = ["x" if schema.get("type") not in (None, "string") else 5]
        found += [schema[name] + step for name, step in (("minimum", -1), ("maximum", 1))
                  if name in schema]
        found += ["x" * (schema[name] + step) for name, step in (("minLength", -1), ("maxLength", 1))
                  if name in schema]
        found += ["surprise"] if "enum" in schema else []
        found += ["no such thing"] if "pattern" in schema else []
        found += schema.get("not", {}).get("enum", [])
        assert all(self.faults(schema, value) for value in found), schema
        return found

    def check(self, operation, answer):
        """The answer is one that the operation has: status, headers, type and body."""
        what = f"{operation.id}: {answer.status} {answer.body[:400]}"
        status = str(answer.status)
        assert status in operation.responses or answer.status not in OWN_PROBLEMS, what
        response = self.follow(operation.responses.get(status, operation.responses["default"]))
        media = answer.headers["content-type"].split(";")[0]
        assert list(response["content"]) == [media], what
        for name, content in response.get("headers", {}).items():
            header = answer.headers.get(name.lower())
            assert header is not None or name == "Allow", f"{what}: no {name}"
            if header is not None:
                assert not self.faults(self.follow(content)["schema"], header), what
        assert "etag" not in answer.headers or "ETag" in response.get("headers", {}), what
        if media == "text/plain":
            return answer.body.decode()
        value = json.loads(answer.body)
        faults = self.faults(response["content"][media]["schema"], value)
        assert not faults, f"{what}: {faults}"
        if media == "application/problem+json":
            assert value["status"] == answer.status, what
        return value


def routes_of_source():
    """{(method, path)} -> (role, names of the query), as the C table has them."""
    with open(os.path.join(TOP, "src", "app", "api.c"), encoding="utf-8") as file:
        # A path has "/*" too: a comment begins its line.
        text = re.sub(r"^ */\*.*?\*/", "", file.read(), flags=re.S | re.M)
    queries = {name: re.findall(r'"(\w+)"', rows) for name, rows in
               re.findall(r"(\w+_QUERY)\[\] = {(.*?)};", text, re.S)}
    found = {("get", "/healthz"): ("none", []), ("get", "/readyz"): ("none", [])}
    for table, prefix in (("ROUTES", PREFIX), ("ROOT_ROUTES", "")):
        rows = re.search(rf" {table}\[\] = {{(.*?)\n}};", text, re.S)[1]
        for macro, words in re.findall(
                r"(ROUTE|ROUTE_AROUND|ROUTE_PART|ROUTE_QUERY|ROUTE_TEMPLATE|ROUTE_WHO|LIST|LIST_LONG|LIST_MY)\((.*?)\)", rows, re.S):
            words = [word.strip() for word in words.split(",")]
            if macro.startswith("LIST"):
                method, path = "get", words[0]
                role = "user-session" if macro == "LIST_MY" else "viewer"
            else:
                method, path = words[0].removeprefix("GATE_").lower(), words[1]
                role = words[2].removeprefix("API_ROLE_").lower()
                if macro == "ROUTE_WHO":
                    role = words[3].removeprefix("API_WHO_").lower().replace("_", "-")
            query = queries.get(words[-1], []) if macro in ("ROUTE_QUERY", "LIST", "LIST_LONG", "LIST_MY") else []
            found[(method, prefix + path.strip('"'))] = (role, query)
    return found


def words_of_source(path, table):
    """The texts of one table of C."""
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        rows = re.search(rf" {table}\[\w*\] = {{(.*?)}};", file.read(), re.S)[1]
    return re.findall(r'"(\w+)"', rows)


def members_of_source():
    """Names of all members that bodies may have, as the C tables of fields have them."""
    names = set()
    folder = os.path.join(TOP, "src", "app")
    for name in os.listdir(folder):
        if name.startswith("api_") and name.endswith(".c"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                names |= set(re.findall(r'{\.name = "(\w+)"', file.read()))
    return names
