"""Those who are told: each notifier, and what happens where it fails."""

from __future__ import annotations

import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engcrawl.state.lock import HOST, RunLock
from tests.blog import Server
from tests.support.alerting import SECRET, alerting, query, webhook
from tests.support.crawls import command, environment
from tests.support.folders import ROOT
from tests.support.receivers import Receivers


def mail(receivers: Receivers) -> dict[str, str]:
    return {
        "EMAIL_TO": "ops@example.com, night@example.com",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": receivers.smtp_port,
    }


def chats(receivers: Receivers) -> dict[str, str]:
    return {
        "SLACK_TOKEN": f"xoxb-{SECRET}",
        "SLACK_CHANNEL": "#ops",
        "SLACK_API": f"{receivers.url}/slack/",
        "TELEGRAM_TOKEN": f"123:{SECRET}",
        "TELEGRAM_CHAT": "-42",
        "TELEGRAM_API": f"{receivers.url}/telegram",
        "DISCORD_WEBHOOK": f"{receivers.url}/discord/{SECRET}",
    }


# Those who are told


def test_every_notifier_sends_what_someone_on_call_needs(output: Path, unused_port: int, receivers: Receivers) -> None:
    site = f"http://127.0.0.1:{unused_port}"
    hurry = {"RETRY_TIMES": "0", "LOG_LEVEL": "DEBUG", "ROBOTSTXT_OBEY": "False"}
    done = alerting(output, webhook(receivers) | mail(receivers) | chats(receivers), site=site, settings=hurry)
    assert done.status == 1
    verdict = done.verdict
    subject = f"engcrawl: 127.0.0.1:{unused_port}: failed, 1 alert"
    ((url, reason),) = done.problems[:1]
    text = f"""\
{site}: failed (exit status 1)
{verdict["reason"]}

- VerdictComplete: the verdict is failed (exit status 1): {verdict["reason"]}

run      {verdict["run"]}
host     {HOST}
from     {verdict["start"]} to {verdict["end"]}
verdict  {output}/runs/{verdict["run"]}.json

Unavailable (1):
- {url}: {reason}"""
    (letter,) = receivers.mails
    assert letter.to == ["ops@example.com", "night@example.com"]
    assert letter.message["Subject"] == subject
    assert letter.message["From"] == f"engcrawl@{HOST}"
    assert letter.message["To"] == "ops@example.com, night@example.com"
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert letter.message.get_content_type() == "text/plain"
    assert letter.message.get_content().replace("\r\n", "\n") == text + "\n"
    posted = {one.path: one for one in receivers.posted}
    keys = ("run", "spider", "verdict", "exit_status", "reason", "start", "end")
    told = f"the verdict is failed (exit status 1): {verdict['reason']}"
    assert posted[f"/hook/{SECRET}"].body == {
        "subject": subject,
        "text": f"{subject}\n\n{text}",
        **{key: verdict[key] for key in keys},
        "site": site,
        "blog": site.removeprefix("http://"),
        "host": HOST,
        "file": f"{output}/runs/{verdict['run']}.json",
        "alerts": [{"monitor": "VerdictComplete", "message": told}],
    }
    block = f"{subject}\n```\n{text}\n```"
    slack = posted["/slack/chat.postMessage"]
    assert slack.authorization == f"Bearer xoxb-{SECRET}"
    assert (slack.body["channel"], slack.body["username"]) == ("#ops", "engcrawl")
    assert slack.body["text"] == block.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert posted[f"/telegram/bot123:{SECRET}/sendMessage"].body == {"chat_id": "-42", "text": f"{subject}\n\n{text}"}
    assert posted[f"/discord/{SECRET}"].body == {"content": block}
    assert len(receivers.posted) == 4
    assert "Alert sent: Webhook, Slack, Discord, Telegram, Email" in done.log
    assert SECRET not in (output / "runs" / f"{verdict['run']}.json").read_text()


def died_before(output: Path) -> None:
    """Let the run before be one that died."""
    query(output, "UPDATE runs SET verdict = NULL, report = NULL, end = NULL")


def test_notifiers_that_fail_change_nothing_and_are_one_line_each(
    server: Server, output: Path, unused_port: int, receivers: Receivers
) -> None:
    died_before(output)
    receivers.answers |= {
        "/slack/chat.postMessage": (200, {"ok": False, "error": "channel_not_found"}),
        f"/telegram/bot123:{SECRET}/sendMessage": (400, {"ok": False, "description": "Bad Request: chat not found"}),
        f"/discord/{SECRET}": (500, {}),
    }
    dead = {"SMTP_PORT": str(unused_port), "WEBHOOK": f"http://127.0.0.1:{unused_port}/hook/{SECRET}?key={SECRET}"}
    done = alerting(output, mail(receivers) | chats(receivers) | dead, site=server.url, settings={"LOG_LEVEL": "DEBUG"})
    assert (done.status, done.verdict["verdict"]) == (0, "complete")
    failures = [line.partition("ERROR: ")[2] for line in done.log.splitlines() if "Alert not sent" in line]
    assert failures[0] == "Alert not sent: Webhook: ConnectionRefusedError: [Errno 111] Connection refused"
    assert failures[1].startswith("Alert not sent: Slack: SlackApiError: ")
    assert "channel_not_found" in failures[1]
    assert failures[2] == "Alert not sent: Discord: HTTP 500: {}"
    assert failures[3].startswith("Alert not sent: Telegram: HTTP 400: ")
    assert "chat not found" in failures[3]
    assert failures[4:] == ["Alert not sent: Email: ConnectionRefusedError: [Errno 111] Connection refused"]
    assert "Alert sent" not in done.log


def test_one_that_never_answers_is_given_up_and_the_next_run_let_in_meanwhile(
    server: Server, output: Path, receivers: Receivers
) -> None:
    died_before(output)
    hanging = {"WEBHOOK": f"{receivers.url}/drip"}
    line = command(site=server.url)
    variables = {f"ENGCRAWL_ALERT_{name}": value for name, value in (mail(receivers) | hanging).items()}
    with subprocess.Popen(
        line, cwd=ROOT, env=environment(output) | variables, stderr=subprocess.PIPE, text=True
    ) as process:
        while not receivers.posted:
            assert process.poll() is None
            time.sleep(0.05)
        RunLock(output / "run.lock", "the output").release()
        assert process.stderr
        log = process.stderr.read()
        assert process.wait(60) == 0
    assert "Alert not sent: Webhook: not done in 10 seconds" in log
    assert "Alert sent: Email" in log
    assert len(receivers.mails) == 1


def test_a_mail_goes_over_tls_to_a_server_with_a_checked_certificate_and_with_a_login(
    output: Path, unused_port: int, tmp_path: Path
) -> None:
    context, file = certificate(tmp_path)
    site = f"http://127.0.0.1:{unused_port}"
    login = {"SMTP_USER": "night", "SMTP_PASSWORD": SECRET}
    hurry = {"RETRY_TIMES": "0"}
    for security in ("starttls", "implicit"):
        with Receivers(context, implicit=security == "implicit") as receivers:
            variables = mail(receivers) | login | {"SMTP_SECURITY": security}
            alerting(output, variables | {"SSL_CERT_FILE": str(file)}, site=site, settings=hurry)
            (letter,) = receivers.mails
            assert (letter.encrypted, letter.login) == (True, (b"night", SECRET.encode()))
            if security == "starttls":
                unchecked = alerting(output, variables, site=site, settings=hurry)
                assert "Alert not sent: Email: SSLCertVerificationError" in unchecked.log
                assert len(receivers.mails) == 1


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for 127.0.0.1, and the file of the certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file, private = folder / "certificate.pem", folder / "key.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, private)
    return context, file
