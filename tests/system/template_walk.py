"""What test_openapi.py calls of templates."""

# Bob's phone there, a Linphone.
MAC = "cc5ef641b795"
BODIES = {
    "setTemplate": {"text": "<config/>"},
    "checkTemplate": {"text": "<config/>"},
    "tryTemplate": {"text": "<config/>", "mac": MAC},
}


def walk_templates(walk):
    assert "shipped" in {row["source"] for row in walk.call("listTemplates", 200)["items"]}
    shown = walk.call("showTemplate", 200)
    assert shown["vendors"] == ["linphone"] and shown["text"] == shown["shipped"]
    assert walk.call("checkTemplate", 200, {"text": shown["text"]})["ok"]
    assert walk.call("checkTemplate", 200, {"text": "a\n{{/b}}"})["problems"][0]["line"] == 2
    assert walk.call("tryTemplate", 200, {**BODIES["tryTemplate"], "text": shown["text"]})["body"]
    walk.call("tryTemplate", 422, {**BODIES["tryTemplate"], "text": "{{"})
    walk.call("tryTemplate", 404, {**BODIES["tryTemplate"], "mac": "020000000099"})
    walk.call("deleteTemplate", 404)
    walk.call("setTemplate", 412, {"text": shown["text"]}, fields='If-Match: "0-0"\r\n')
    saved = walk.call("setTemplate", 200, {"text": shown["text"] + "<!-- ours -->\n"})
    assert walk.call("showTemplate", 200)["source"] == "stored"
    walk.call("setTemplate", 422, {"text": "{{"})
    walk.call("deleteTemplate", 412, fields='If-Match: "0-0"\r\n')
    tag = f'"{saved["id"][-12:]}-{saved["version"]}"'
    walk.call("deleteTemplate", 200, fields=f"If-Match: {tag}\r\n")
