"""The first minutes of a portal: set up, out, and in again."""


def test_a_new_admin_sets_up_and_signs_in(portal, flow):
    status, made = portal.control("POST", "/admins/setup-token")
    assert status == 201
    portal.instance.secrets.append(made["token"])
    flow("first_admin", token=made["token"])
