"""Alerts: real crawls, and those who are told, an SMTP server and an HTTP server on loopback."""

from __future__ import annotations

import re
import signal
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engcrawl.state.lock import HOST, RunLock
from tests.blog import Fault, Server
from tests.support.crawls import Crawl, Serve, command, crawl, environment
from tests.support.folders import ROOT
from tests.support.receivers import Receivers

DOCS = ROOT / "docs"
SECRET = "s3cr3t-8Kq"
WHOLE = ("-a", "inventory=yes")


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with Receivers() as started:
        yield started


def webhook(receivers: Receivers) -> dict[str, str]:
    return {"WEBHOOK": f"{receivers.url}/hook/{SECRET}"}


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


def alerting(output: Path, variables: dict[str, str], *arguments: str, **options: Any) -> Crawl:
    """A crawl with the alerts' *variables*, each without its prefix."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name if name.startswith(("ENGCRAWL", "SSL")) else f"ENGCRAWL_ALERT_{name}", value)
        done = crawl(output, *arguments, **options)
    assert SECRET not in done.log
    assert "Traceback" not in done.log.rpartition("Spider closed")[2]
    return done


def found(receivers: Receivers) -> dict[str, str]:
    """What the one message says, by monitor; nothing if there was none."""
    if not receivers.posted:
        return {}
    (posted,) = receivers.posted
    return {one["monitor"]: one["message"] for one in posted.body["alerts"]}


def stat(done: Crawl, name: str) -> int:
    """A number that Scrapy's statistics have, in the log's dump."""
    match = re.search(rf"'{name}': (\d+)", done.log)
    assert match
    return int(match[1])


def query(output: Path, *lines: str) -> None:
    with closing(sqlite3.connect(output / "archive.db")) as db, db:
        for line in lines:
            db.execute(line)


# Monitors


def test_each_night_is_held_against_those_before_and_only_what_got_worse_is_told(
    serve: Serve, output: Path, receivers: Receivers
) -> None:
    server = serve(posts=60)
    blog = server.blog

    def night(*arguments: str, status: int = 0, env: dict[str, str] | None = None, spider: str = "archive") -> Crawl:
        receivers.clear()
        whole = WHOLE if spider == "archive" and not any("inventory=" in one for one in arguments) else ()
        done = alerting(output, webhook(receivers) | (env or {}), *whole, *arguments, site=server.url, spider=spider)
        assert done.status == status, done.log
        return done

    # The first: nothing to compare with.
    first = night()
    assert found(receivers) == {}
    keys = (DOCS / "reference" / "verdict.md").read_text("utf-8").partition("| key |")[2].partition("\n\n")[0]
    named = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in keys.splitlines() if row.startswith("| `")]
    assert [name for row in named for name in row] == list(first.verdict)
    assert first.verdict["coverage"] == coverage(first.posts, gone=0)

    # One that is killed, and the next, which finds it.
    line = command(*WHOLE, "-a", "full=yes", site=server.url, settings={"DOWNLOAD_DELAY": "0.3"})
    quiet = subprocess.DEVNULL
    begun = len(server.requests)
    with subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=quiet, stderr=quiet) as process:
        while len(server.requests) < begun + 3:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    night()
    ((monitor, said),) = found(receivers).items()
    assert monitor == "NoneDied"
    assert re.fullmatch(
        rf"1 before this one died without a verdict: archive-\d+T\d+Z(-\d+)? \(pid {process.pid} on {HOST}\)", said
    )

    # Runs that take a part, and one that only counts: posts that the next run will fetch are no news.
    night("-a", "max_pages=1", "-a", "full=yes", "-a", "inventory=no", status=5)
    assert found(receivers) == {}
    lost = [blog.publish(("web",)), blog.publish(("storage",))]
    night(spider="inventory", status=3)
    assert found(receivers) == {}

    # Two posts that can't be had, and a last complete run that is too old.
    server.faults += [Fault("status", post.path, status=500) for post in lost]
    server.faults.append(Fault("status", "/wp-json/wp/v2/posts", status=403))  # it gives no bodies
    query(output, "UPDATE runs SET end = '2026-01-01T00:00:00Z' WHERE verdict = 'complete'")
    done = night(status=3, env={"MAX_AGE": "26h"})
    told = found(receivers)
    requests = stat(done, "downloader/request_count")
    assert re.fullmatch(
        r"the last complete run, archive-\S+, ended \d+d( \d+h)? ago; 1d 2h are allowed", told.pop("CompleteLately")
    )
    assert told == {
        "VerdictComplete": "the run is incomplete (exit status 3): 2 pages or posts could not be had",
        "CoverageHeld": "fields that posts had are missing: content_html in 56 of 58 (96.6%), before in 56 of 56"
        " (100.0%)",
        "ErrorsFew": f"10 of {requests} ({1000 / requests:.1f}%) requests failed: 0 without an answer",
        "RetriesFew": f"8 of {requests} ({800 / requests:.1f}%) requests were retries: 500 Internal Server Error"
        " 8 times",
    }

    # All is well again.
    server.faults.clear()
    night()
    assert found(receivers) == {}

    # Another theme, on the pages that are read again.
    server.faults.append(Fault("theme", r"/\d{4}/.*"))
    query(output, "UPDATE posts SET due = '2000-01-01T00:00:00Z' WHERE due IS NOT NULL")
    done = night("-a", "full=yes")
    count = done.verdict["proof"]["disagreements"]["title"]
    assert count > 50
    assert found(receivers) == {"ThemeUnchanged": f"pages and REST disagree on title of {count} posts, before of 0"}
    assert done.verdict["coverage"] == coverage(done.posts, gone=0)

    # Posts that the site took down.
    server.faults.clear()
    before = len(done.posts)
    taken_down = [i for i in blog.whole if not blog.post(i).external][-3:]
    gone = [blog.remove(index) for index in taken_down]
    done = night("-a", "full=yes")
    assert found(receivers)["PostsNotFewer"] == f"{len(gone)} of {before} posts are gone from the site, there were 0"

    # Posts that the archive lost.
    query(output, "DELETE FROM mentions WHERE post IN (SELECT id FROM posts WHERE gone_since IS NOT NULL)")
    query(output, "DELETE FROM posts WHERE gone_since IS NOT NULL")
    night()
    assert found(receivers)["PostsNotFewer"] == f"the archive has {before - len(gone)} posts, it had {before}"


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

- VerdictComplete: the run is failed (exit status 1): {verdict["reason"]}

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
    told = f"the run is failed (exit status 1): {verdict['reason']}"
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


# Runs that cannot begin


def test_a_run_that_cannot_begin_is_told_and_one_that_is_locked_out_is_not(
    output: Path, receivers: Receivers, unused_port: int
) -> None:
    output.mkdir()
    site = f"http://127.0.0.1:{unused_port}"
    (output / "archive.db").write_text("no database")
    done = alerting(output, webhook(receivers), site=site)
    assert done.status == 1
    said = found(receivers)["VerdictComplete"]
    assert said.startswith(f"the run is failed (exit status 1): sqlite:///{output}/archive.db: ")
    assert receivers.posted[0].body["run"] is None
    receivers.clear()
    lock = RunLock(output / "run.lock", "the output")
    assert alerting(output, webhook(receivers), site=site).status == 4
    lock.release()
    assert receivers.posted == []


def test_a_wrong_variable_ends_the_run_before_it_begins(output: Path, serve: Serve) -> None:
    server = serve(posts=20)
    done = alerting(output, {"EMAIL_TO": "ops@example.com"}, site=server.url)
    assert done.status == 2
    line = "ENGCRAWL_ALERT_EMAIL_TO: needs ENGCRAWL_ALERT_SMTP_HOST too"
    assert done.log.splitlines()[-1].endswith(f"ERROR: Verdict: usage (exit status 2): {line}")
    assert server.requests == []
    assert not output.exists()


def test_without_a_variable_nothing_of_spidermon_is_imported(output: Path, unused_port: int) -> None:
    line = command(site=f"http://127.0.0.1:{unused_port}", settings={"RETRY_TIMES": "0"})
    line[1:1] = ["-X", "importtime"]
    env = environment(output) | {"ENGCRAWL_ALERT_WEBHOOK": ""}
    done = subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    imported = {row.rpartition("|")[2].strip() for row in done.stderr.splitlines() if row.startswith("import time:")}
    assert "engcrawl.extensions.alerts" in imported
    assert not {name.partition(".")[0] for name in imported} & {"spidermon", "slack_sdk", "jinja2"}
    assert "engcrawl.alerts.config" not in imported


def coverage(posts: list[dict[str, Any]], gone: int) -> dict[str, int]:
    """What records say, counted one by one."""
    own = [post for post in posts if not post["external"]]
    open_ = [post for post in own if not post["protected"]]
    return {
        "posts": len(posts),
        "gone": gone,
        "own": len(own),
        **{name: sum(bool(post[name]) for post in own) for name in ("published_date", "published_at", "authors")},
        "open": len(open_),
        "content_html": sum(post["content_html"] is not None for post in open_),
    }
