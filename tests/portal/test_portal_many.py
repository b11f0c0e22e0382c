"""A hundred thousand phones. Times are printed, not asserted: the machine may be busy."""

import json

PHONES = 100000


def test_a_hundred_thousand_phones_scroll(portal, flow, capsys):
    portal.set_up()
    rows = ["user,sip_user,domain,password,mac,vendor,model"]
    rows += [f"u{i // 10:05d},{i:06d},pbx.example.com,secret{i},0015{i:08x},yealink,T54W" for i in range(PHONES)]
    path = portal.instance.folder / "many.csv"
    path.write_text("\n".join(rows))
    path.chmod(0o600)
    portal.instance.ctl("import", str(path), code=0)
    told = flow("many", last=":".join(f"0015{PHONES - 1:08x}"[i:i + 2] for i in range(0, 12, 2)), some=f"0015{77777:08x}")
    with capsys.disabled():
        print("\n100,000 phones:", json.loads(told.strip().splitlines()[-1]))
