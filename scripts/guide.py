#!/usr/bin/env python3
"""Walks one investment through a running server, call by call, with nothing but `requests`.

    npm start                          # prints URL=…, CLIENT_ID=…, CLIENT_SECRET=…, CAMPAIGN_ID=…, PRODUCT_ID=…
    python3 scripts/guide.py URL=… CLIENT_ID=… CLIENT_SECRET=… CAMPAIGN_ID=… PRODUCT_ID=…

The five settings are taken from the arguments; where missing there, from the environment; and else from the sandbox in EFFEKTEN_DATA
(.effekten). Every call must succeed; the first that does not ends the program with exit code 1. All personal data is invented.
"""

import json
import os
import pathlib
import secrets
import sys
import time

try:
    import requests
except ImportError:
    sys.exit("guide.py: needs the package requests (pip install requests)")

# What the sandbox's file calls each setting.
NAMES = {
    "URL": "url",
    "CLIENT_ID": "clientId",
    "CLIENT_SECRET": "clientSecret",
    "CAMPAIGN_ID": "campaignId",
    "PRODUCT_ID": "productId",
}
UNITS = 300
SIGNED = "2024-05-02T10:00:00.000000+00:00"


def settings():
    given = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
    file = pathlib.Path(os.environ.get("EFFEKTEN_DATA") or ".effekten", "sandbox.json")
    sandbox = json.loads(file.read_text()) if file.is_file() else {}
    found = {name: given.get(name) or os.environ.get(name) or sandbox.get(key) for name, key in NAMES.items()}
    missing = [name for name in NAMES if not found[name]]
    if missing:
        sys.exit(f"guide.py: missing {', '.join(missing)} (as NAME=value, in the environment, or from a sandbox: npm start)")
    return found


class Api:
    """A session that brings the bearer token, and an idempotency key with every POST."""

    def __init__(self, url, client_id, client_secret):
        self.url = url.rstrip("/")
        self.session = requests.Session()
        answer = self.session.post(
            f"{self.url}/oauth/token",
            data={
                "grant_type": "client_credentials",
                "scope": "investors:write investors:read investments:write investments:read documents:write",
                "client_id": client_id,
                "client_secret": client_secret,
            },
            timeout=30,
        )
        assert answer.status_code == 200, f"token: {answer.status_code} {answer.text}"
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def send(self, method, path, **arguments):
        if method == "POST":
            # A real integration derives the key from an id of its own and stores it before the call.
            arguments["headers"] = {"X-Idempotency-Key": secrets.token_hex(8)}
        return self.session.request(method, f"{self.url}/v2/{path}", timeout=30, **arguments)

    def call(self, step, method, path, **arguments):
        answer = self.send(method, path, **arguments)
        assert answer.status_code < 300, f"{step}: {answer.status_code} {answer.text}"
        body = answer.json()
        print(f"{answer.status_code}  {step}: {body.get('id', '')} {body.get('status', '')}".rstrip(), flush=True)
        return body

    def upload(self, name):
        part = {"file": (name, b"nothing in it", "application/pdf")}
        return self.call(f"upload {name}", "POST", "documents/", files=part)["id"]


def until(read, reached):
    """The ledger settles at once unless it was told to take its time; then we ask again, within bounds."""
    state = read()
    deadline = time.monotonic() + 30
    while not reached(state) and time.monotonic() < deadline:
        time.sleep(0.1)
        state = read()
    return state


def main():
    given = settings()
    api = Api(given["URL"], given["CLIENT_ID"], given["CLIENT_SECRET"])
    print("200  access token")

    investor = api.call(
        "create an investor",
        "POST",
        "investors/",
        json={
            "natural_person": {
                "salutation": "MS",
                "forename": "Erika",
                "surname": "Beispiel",
                "birth_date": "1984-02-29",
                "birth_place": "Musterstadt",
                "citizenship": "DEU",
                "street": "Lindenallee 7",
                "city": "Musterstadt",
                "zip": "12345",
                "country": "DEU",
                "phone": "+49 30 0000 000",
                "is_pep": False,
            },
            "bank_account": {
                "account_holder": "Erika Beispiel",
                "iban": "DE89370400440532013000",
                "bic": "COBADEFFXXX",
                "bank": "Beispielbank",
                "country": "DEU",
                "currency": "EUR",
            },
            "tax_information": {"tax_identification_number": "00000000", "non_assessment_certificate": False},
            "communication": {"email": "erika@example.org", "email_confirmed": True},
            "is_beneficiary": True,
        },
    )["id"]

    protocol = api.upload("protocol.pdf")
    api.call(
        "record the identification",
        "POST",
        f"investors/{investor}/identifications/",
        json={
            "document_type": "IDCARD",
            "document_id": "T0000000",
            "document_issuer": "Stadt Musterstadt",
            "document_valid_from": "2020-01-01",
            "document_valid_to": "2030-01-01",
            "identity_provider": "POSTIDENT",
            "legitimation_process_id": "process-1",
            "legitimation_protocol_id": protocol,
            "verified_at": "2024-05-02T09:30:00.000Z",
        },
    )
    wallet = api.call("create a managed wallet", "POST", f"investors/{investor}/wallets/eth-managed/")["id"]

    signed = [
        {"document_id": api.upload("contract.pdf"), "category": "contract", "subject": "Subscription"},
        {"document_id": api.upload("terms.pdf"), "category": "terms", "subject": "Terms of the issue"},
    ]
    investment = api.call(
        f"create an investment of {UNITS} units",
        "POST",
        "investments/",
        json={
            "campaign_id": given["CAMPAIGN_ID"],
            "investor_id": investor,
            "units": UNITS,
            "signed_at": SIGNED,
            "accepted_at": SIGNED,
            "paid_at": SIGNED,
            "signed_documents": signed,
            "wallet": wallet,
        },
    )["id"]
    api.call("credit the units to the wallet", "POST", f"investments/{investment}/credits/")

    def read():
        return api.call("read the investment", "GET", f"investments/{investment}/")

    delivered = until(read, lambda state: state["status"] == "DELIVERED")
    assert delivered["status"] == "DELIVERED", delivered
    print(f"status {delivered['status']}")

    redemption = {"investor_id": investor, "product_id": given["PRODUCT_ID"], "wallet_id": wallet, "units": UNITS}
    api.call(f"redeem {UNITS} units", "POST", "redemptions/", json=redemption)
    redeemed = until(read, lambda state: state["remaining_units"] == 0)
    assert redeemed["remaining_units"] == 0, redeemed
    print(f"remaining_units {redeemed['remaining_units']}")

    refused = api.send("POST", "redemptions/", json={**redemption, "units": 1})
    assert refused.status_code == 409, f"a further redemption: {refused.status_code} {refused.text}"
    print(f"409  a further redemption is refused: {refused.json()['code']}")


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, requests.RequestException) as failure:
        sys.exit(f"guide.py: {failure}")
