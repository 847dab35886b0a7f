"""What is a secret and what is not, in the texts that a notebook makes; a mark finds its secret again."""

from __future__ import annotations

import ast
import base64
import importlib.util
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_jupyter.analysis.secrets import Mark, Redactor, marks_in

REDACTOR = Redactor(b"0123456789abcdef")
# Built from pieces, so that no scanner takes these files for a leak.
CHANCE = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hL3nR6"
HEX = "a8f5f167f44f4964e6c998dee827110c"
TOKENS = {
    "github": "ghp" + "_" + CHANCE,
    "github-fine": "github" + "_pat_" + CHANCE,
    "aws": "AKIA" + "IOSFODNN7ABCDEFG",
    "openai": "sk" + "-proj-" + CHANCE,
    "anthropic": "sk" + "-ant-api03-" + CHANCE,
    "slack": "xoxb" + "-123456789012-abcdefghij",
    "google": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "huggingface": "hf" + "_" + CHANCE,
    "pypi": "pypi" + "-AgEIcHlwaS5vcmc" + CHANCE,
    "gitlab": "glpat" + "-aBcDeFgHiJkLmNoPqRsT",
    "npm": "npm" + "_" + CHANCE,
    "stripe": "sk" + "_live_4eC39HqLyjWDarjtT1zdp7dc",
    "jwt": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0.abcdefghijkl",
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("around", ["{}", "call('{}')", "see {} there", '"x={}"', "{{'a': '{}'}}"])
def test_a_known_token_is_a_secret_wherever_it_stands(token: str, around: str) -> None:
    redacted = REDACTOR.text(around.format(token))

    assert token not in redacted
    assert len(marks_in(redacted)) == 1


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('password = "hunter2"', "hunter2"),
        ('DB_PASSWORD: str = "S3cret!pw"', "S3cret!pw"),
        ("password = '''multi4line'''", "multi4line"),
        ('password = "correct-horse-battery-staple"', "correct-horse-battery-staple"),
        ('if password == "S3cr3tPW": pass', "S3cr3tPW"),
        (f'secret_key = b"{HEX}"', HEX),
        (f'connect(user="me", api_key="{HEX}")', HEX),
        (f'os.environ["SERVICE_TOKEN"] = "{HEX}"', HEX),
        (f'os.getenv("API_KEY", "{HEX}")', HEX),
        (f'{{"clientSecret": "{HEX}"}}', HEX),
        (f'token = SecretStr("{HEX}")', HEX),
        ('"password = \\"S3cretPw\\"\\n",', "S3cretPw"),
        ("headers = {'Authorization': 'Bearer abcDEF123456ghiJKL789'}", "abcDEF123456ghiJKL789"),
        ('engine("postgresql://bob:hunter2@db.host/x")', "hunter2"),
        ("https://__token__:abc123@packages.example/simple", "abc123"),
        ('"host=x password=hunter2 dbname=y"', "hunter2"),
        ('"AccountName=x;AccountKey=aBc123DeF456gHi789==;"', "aBc123DeF456gHi789=="),
        (f"https://example.org/q?api_key={HEX}&b=1", HEX),
        (f"# password: {CHANCE}", CHANCE),
        (f"%env API_KEY={HEX}", HEX),
        (f"x = 1\n!curl --token {HEX} example.org", HEX),
        (f"export AWS_SECRET_ACCESS_KEY={CHANCE}", CHANCE),
        (f'wandb.login(key="{HEX}{HEX[:8]}")', HEX + HEX[:8]),
        ("token: 12f45678-1234-4abc-9def-1234567890ab", "12f45678-1234-4abc-9def-1234567890ab"),
    ],
)
def test_a_value_bound_to_a_name_that_says_secret_is_one(text: str, secret: str) -> None:
    redacted = REDACTOR.text(text)

    assert secret not in redacted
    (mark,) = marks_in(redacted)
    assert mark.digest == marks_in(REDACTOR.mark_of(secret))[0].digest
    assert redacted.replace(str(mark), secret) == text


@pytest.mark.parametrize(
    "text",
    [
        r'TfidfVectorizer(token_pattern=r"(?u)\b\w\w+\b")',
        "max_tokens=4096",
        "token = uuid4().hex",
        'tokenizer = "bert-base"',
        'token = "bert-base-uncased"',
        'max_token = "gpt-4-turbo-2024"',
        "n_tokens = 3",
        "password = None",
        'password = ""',
        'password = input("Your pass2word: ")',
        'password = getpass("Password 1: ")',
        "f(token=token, password=password1)",
        'password = password.encode("utf-8")',
        'password = f"{user}1b2c3d"',
        '"postgresql://u:{password}@host/d"',
        '"postgresql://u:$PASSWORD@host/d"',
        '"postgresql://user:password@host/d"',
        'secret_santa = "Ab12cd34Ef56"',
        f'commit = "{HEX}"',
        f'key = "{HEX}"',
        f'cache_key = "{HEX}"',
        f'publicKeyToken="{HEX}"',
        'token = os.environ["HF_TOKEN"]',
        'pad_token, eos_token = "<pad>", "<|endoftext|>"',
        'eos_token = "<|im_end_1|>"',
        'api_key = "YOUR_API_KEY"',
        'api_key = "<your key 1>"',
        'password_file = "/run/secrets/x1y2"',
        'token = "/run/secrets/ab12cd34ef"',
        'pwd = "/home/u1/x2"',
        '"pwd": "IPython.core.magics.osm:OSMagics"',
        'class="sk-text-repr-fallback" id="sk-container-id-12"',
        "for key in a1: value1 = b[key]",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert REDACTOR.text(text) is text


@pytest.mark.parametrize("package", ["sklearn", "pandas"])
def test_there_is_no_false_alarm_in_the_source_of_a_real_package(package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    files = sorted(Path(spec.origin).parent.rglob("*.py"))[::4]

    alarms = [file.name for file in files if marks_in(REDACTOR.text(file.read_text("utf-8")))]

    assert len(files) > 100
    assert alarms == []


def test_a_picture_in_base64_holds_no_secret() -> None:
    picture = base64.b64encode(random.Random(3).randbytes(300_000)).decode()

    assert REDACTOR.text(picture) is picture


def test_the_lines_of_a_private_key_go_and_the_source_stays_python() -> None:
    body = base64.b64encode(random.Random(1).randbytes(96)).decode()
    begin, end = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
    text = (
        f'a = """{begin}\n{body[:64]}\n{body[64:]}\n{end}"""\n'
        f"b = ('{begin}\\n' \"{body}\\n\" '{end}')\n"
        f"c = '{begin}\\n{body}\\n{end}'"
    )

    redacted = REDACTOR.text(text)

    assert body[:40] not in redacted
    assert body[64:] not in redacted
    first = ast.literal_eval(ast.parse(redacted).body[0].value)  # type: ignore[attr-defined]
    assert first.startswith(begin)
    assert first.endswith(end)


def test_bare_words_of_python_are_names_and_stay() -> None:
    text = 'f(password=a1b2c3d4e5)\nprint("password=a1b2c3d4e5")'

    redacted = REDACTOR.text(text)

    assert redacted.startswith("f(password=a1b2c3d4e5)\n")
    assert redacted.count("a1b2c3d4e5") == 1


_PIECES = st.sampled_from(
    [
        *TOKENS.values(),
        HEX,
        CHANCE,
        *(
            "password",
            "token",
            "api_key",
            "secret",
            "--token ",
            " = ",
            "=",
            ": ",
            ",",
            '"',
            "'",
            '"""',
            "\\",
            "\n",
        ),
        *(
            "://",
            "u:",
            "@h",
            "Bearer ",
            "x",
            " ",
            "(",
            ")",
            "{",
            "}",
            "[",
            "]",
            "b",
            "f",
            "#",
            "<redacted:a:0123456789ab>",
        ),
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
    ]
)
_TEXTS = st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=14).map("".join))


@given(_TEXTS)
def test_a_second_pass_finds_nothing_more(text: str) -> None:
    once = REDACTOR.text(text)

    assert REDACTOR.text(once) == once


@given(
    st.sampled_from(["password", "api_key", "DB_TOKEN", "x"]),
    st.one_of(st.text(max_size=40), _PIECES),
    st.sampled_from(
        [
            "{n} = {v!r}",
            "f({n}={v!r})",
            "d = {{{n!r}: {v!r}}}",
            "{n}: str = {v!r}  # {n}=a1b2c3d4e5",
        ]
    ),
)
def test_valid_python_stays_valid(name: str, value: str, form: str) -> None:
    source = form.format(n=name, v=value)
    ast.parse(source)

    ast.parse(REDACTOR.text(source))


@given(_TEXTS)
def test_nothing_but_the_secrets_changes(text: str) -> None:
    redacted = REDACTOR.text(text)

    if redacted == text:
        assert redacted is text
    else:
        assert set(marks_in(redacted)) - set(marks_in(text))


def test_params_and_variables_go_by_their_name() -> None:
    mark = REDACTOR.named("DB_PASSWORD", "hunter2")

    assert mark == REDACTOR.mark_of("hunter2", "DB_PASSWORD")
    assert REDACTOR.named("DB_PASSWORD", mark) == mark
    assert REDACTOR.named("max_tokens", 4096) == 4096
    assert REDACTOR.named("password", None) is None
    assert REDACTOR.named("criterion", "gini") == "gini"
    assert (
        REDACTOR.named("url", "https://u:pa55@h/x")
        == f"https://u:{REDACTOR.mark_of('pa55', 'url-password')}@h/x"
    )


def test_another_key_gives_another_mark() -> None:
    assert REDACTOR.mark_of("hunter2") != Redactor(b"another key here").mark_of("hunter2")


def test_a_replay_finds_the_secret_in_its_environment_or_names_it() -> None:
    source = 'engine("postgresql://bob:hunter2@db/x")\ntoken = "' + HEX + '"\npassword = "a\\"b1"'
    redacted = REDACTOR.text(source)
    environment = {"DATABASE": "postgresql://bob:hunter2@db/x", "OTHER": "1", "PW": 'a"b1'}

    revealed, missing = REDACTOR.reveal(redacted, environment)

    assert [mark.name for mark in missing] == ["token"]
    assert revealed == source.replace(HEX, str(missing[0]))
    assert REDACTOR.reveal(redacted, {**environment, "T": HEX}) == (source, ())


def test_marks_are_listed_once_and_in_order() -> None:
    text = "<redacted:b:0123456789ab> <redacted:a:ba9876543210> <redacted:b:0123456789ab> <redacted:no>"

    assert marks_in(text) == (Mark("b", "0123456789ab"), Mark("a", "ba9876543210"))
