"""The JSON mapping of libjig against Google's own for Python: the same messages, both ways.

Fixed cases say where the two differ on purpose; random messages of every type that the contract
uses, and of one that has every kind of field, go through both.
"""

import json
import os
import random
import string
import subprocess

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

BUILD = os.environ.get("JIG_BUILD_DIR") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "dev")
DUMP = os.path.join(BUILD, "bin", "json_dump")
SETS = ("jig.v1.descriptors", "tests/support/everything.descriptors")
ROUNDS = int(os.environ.get("JIG_DIFFERENTIAL_ROUNDS", "300"))


def load_pool():
    pool = descriptor_pool.DescriptorPool()
    for name in SETS:
        files = descriptor_pb2.FileDescriptorSet()
        with open(os.path.join(BUILD, "generated", name), "rb") as f:
            files.ParseFromString(f.read())
        for file in files.file:
            pool.Add(file)
    return pool


POOL = load_pool()


def message_class(name):
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(name))


def type_names():
    names = ["jig.test.Everything", "jig.v1.OperationEvent", "jig.v1.Request", "jig.v1.Response"]
    for service in ("Build", "Deploy", "Device", "Operation", "Daemon"):
        for method in POOL.FindServiceByName(f"jig.v1.{service}Service").methods:
            names += [method.input_type.full_name, method.output_type.full_name]
    return names


class Ours:
    """json_dump, asked line by line."""

    def __init__(self):
        self.child = subprocess.Popen([DUMP], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True, encoding="utf-8")

    def ask(self, verb, name, rest):
        self.child.stdin.write(f"{verb} {name} {rest}\n")
        self.child.stdin.flush()
        ok, _, answer = self.child.stdout.readline().rstrip("\n").partition(" ")
        return ok == "ok", answer

    def encode(self, name, text):
        ok, answer = self.ask("encode", name, text)
        return bytes.fromhex(answer) if ok else None

    def decode(self, name, data):
        ok, answer = self.ask("decode", name, data.hex())
        assert ok, answer
        return answer


@pytest.fixture(scope="module")
def ours():
    dump = Ours()
    yield dump
    dump.child.stdin.close()
    assert dump.child.wait() == 0


# ------------------------------------------------------------------------------- random messages


def random_text(rng):
    alphabet = string.printable[:95] + "äß€😀\u2028\n\t\"\\\x01\x7f"
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(12)))


def random_integer(rng, low, high):
    edge = (low, high, 0, 1, -1, low + 1, high - 1, 2**31, 2**53 + 1)
    n = rng.choice(edge) if rng.random() < 0.5 else rng.randint(low, high)
    return min(max(n, low), high)


def random_real(rng):
    return rng.choice((0.0, 1.5, -2.25, 1e300, 5e-324, 0.1, 1 / 3, float("inf"), float("-inf"),
                       rng.uniform(-1e6, 1e6)))


def random_value(rng, field, depth):
    F = field
    integers = {
        F.TYPE_INT32: (-2**31, 2**31 - 1), F.TYPE_SINT32: (-2**31, 2**31 - 1),
        F.TYPE_SFIXED32: (-2**31, 2**31 - 1), F.TYPE_UINT32: (0, 2**32 - 1),
        F.TYPE_FIXED32: (0, 2**32 - 1), F.TYPE_INT64: (-2**63, 2**63 - 1),
        F.TYPE_SINT64: (-2**63, 2**63 - 1), F.TYPE_SFIXED64: (-2**63, 2**63 - 1),
        F.TYPE_UINT64: (0, 2**64 - 1), F.TYPE_FIXED64: (0, 2**64 - 1),
    }
    if F.type in integers:
        return random_integer(rng, *integers[F.type])
    if F.type == F.TYPE_BOOL:
        return rng.random() < 0.5
    if F.type == F.TYPE_FLOAT:
        return rng.choice((0.0, 0.5, -1.25, 1024.0, float("inf")))
    if F.type == F.TYPE_DOUBLE:
        return random_real(rng)
    if F.type == F.TYPE_STRING:
        return random_text(rng)
    if F.type == F.TYPE_BYTES:
        return rng.randbytes(rng.randrange(9))
    if F.type == F.TYPE_ENUM:
        if rng.random() < 0.2:
            return rng.randint(-100, 2**31 - 1)  # perhaps without a name
        return rng.choice(F.enum_type.values).number
    raise AssertionError(F.type)


def fill(rng, message, depth=0):
    for field in message.DESCRIPTOR.fields:
        if rng.random() < 0.4:
            continue
        is_message = field.type == field.TYPE_MESSAGE
        if is_message and depth > 4:
            continue
        if field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED:
            for _ in range(rng.randrange(4)):
                if is_message:
                    fill(rng, getattr(message, field.name).add(), depth + 1)
                else:
                    getattr(message, field.name).append(random_value(rng, field, depth))
        elif is_message:
            getattr(message, field.name).SetInParent()
            fill(rng, getattr(message, field.name), depth + 1)
        else:
            setattr(message, field.name, random_value(rng, field, depth))


@pytest.mark.parametrize("name", sorted(set(type_names())))
def test_random_messages(ours, name):
    rng = random.Random(name)
    cls = message_class(name)
    rounds = ROUNDS if name == "jig.test.Everything" else max(5, ROUNDS // 10)
    for _ in range(rounds):
        message = cls()
        fill(rng, message)
        theirs = json_format.MessageToDict(message)
        said = ours.decode(name, message.SerializeToString())
        assert json.loads(said) == theirs
        assert list(json.loads(said)) == list(theirs)  # in the same order
        # Either one's JSON, in either style of names, means the same message to both.
        for text in (said, json_format.MessageToJson(message, indent=None),
                     json_format.MessageToJson(message, indent=None,
                                               preserving_proto_field_name=True)):
            data = ours.encode(name, text)
            assert data is not None, text
            assert cls.FromString(data) == message, text
            assert json_format.Parse(text, cls()) == message


# ----------------------------------------------------------------------------------- fixed cases

EVERYTHING = "jig.test.Everything"

CASES = [
    '{}',
    '{"anInt32": null, "manyInt32": null, "chosenInt32": null}',
    '{"anInt32": 1.0, "an_int64": 1e3, "aUint32": "7", "aUint64": "18446744073709551615"}',
    '{"anInt32": -2147483648}', '{"anInt32": 2147483648}', '{"anInt32": -2147483649}',
    '{"aUint32": 4294967295}', '{"aUint32": 4294967296}', '{"aUint32": -1}', '{"aUint64": -1}',
    '{"anInt64": "9223372036854775807"}', '{"anInt64": "9223372036854775808"}',
    '{"anInt64": "-9223372036854775808"}', '{"anInt64": 9007199254740993}',
    '{"anInt32": 1.5}', '{"anInt32": "1.5"}', '{"anInt32": ""}', '{"anInt32": " 1"}',
    '{"anInt32": "1 "}', '{"anInt32": true}', '{"anInt32": []}', '{"anInt32": {}}',
    '{"anInt32": "x"}', '{"anInt32": "0x10"}', '{"anInt32": "-0"}', '{"anInt32": -0}',
    '{"aBool": true}', '{"aBool": false}', '{"aBool": 1}', '{"aBool": "true"}', '{"aBool": null}',
    '{"aFloat": 3.5e38}', '{"aFloat": 3.4e38}', '{"aFloat": "Infinity"}', '{"aFloat": "-Infinity"}',
    '{"aDouble": 1}', '{"aDouble": "1.25"}', '{"aDouble": ""}', '{"aDouble": "wide"}',
    '{"aString": "a\\u00e4\\ud83d\\ude00\\n"}', '{"aString": 1}', '{"aString": ["x"]}',
    '{"someBytes": "+/8="}', '{"someBytes": "-_8="}', '{"someBytes": "-_8"}', '{"someBytes": ""}',
    '{"someBytes": "QQ=="}', '{"someBytes": "QQ"}', '{"someBytes": 1}',
    '{"aColour": "COLOUR_DEEP_BLUE"}', '{"aColour": 2}', '{"aColour": -7}', '{"aColour": 99}',
    '{"aColour": "COLOUR_PINK"}', '{"aColour": "colour_red"}',
    '{"manyColour": ["COLOUR_RED", 0, 5]}',
    '{"anInner": {}}', '{"anInner": {"name": "x", "sizeBytes": "5"}}', '{"anInner": 1}',
    '{"anInner": {"nam": "x"}}', '{"anInner": null}', '{"manyInner": [{}, {"name": "y"}]}',
    '{"manyInner": [null]}', '{"manyInt32": [null]}', '{"manyInt32": 1}', '{"manyInt32": {}}',
    '{"manyInt32": []}', '{"manyInt32": [1, [2]]}', '{"manyString": ["a", ""]}',
    '{"chosenInt32": 0}', '{"chosenString": ""}', '{"chosenInner": {}}', '{"chosenBool": false}',
    '{"chosenInt32": 1, "chosenString": "x"}', '{"chosenInt32": null, "chosenString": "x"}',
    '{"chosenColour": "COLOUR_UNSPECIFIED"}', '{"chosenBytes": ""}',
    '{"nosuch": 1}', '{"anInt32": 1, "anInt32": 2}',
    '{"AnInt32": 1}', '{"oddName2x": 3}', '{"odd__name_2x": 4}',
    '{', '[1]', '1', '"x"', 'null', '{"anInt32": 01}', '{"anInt32": 1,}', '{} {}', "{'anInt32': 1}",
]


def theirs(text):
    try:
        return json_format.Parse(text, message_class(EVERYTHING)())
    except json_format.ParseError:
        return None


@pytest.mark.parametrize("text", CASES)
def test_same_verdict(ours, text):
    wanted = theirs(text)
    data = ours.encode(EVERYTHING, text)
    assert (data is None) == (wanted is None)
    if data is not None:
        assert message_class(EVERYTHING).FromString(data) == wanted


# Where we refuse what Python's mapping lets pass: none of these is in the specification, or, for the
# last two, in what a C string and a JSON library's integers can hold.
STRICTER = ['{"someBytes": "Q!Q="}', '{"someBytes": "QQ=QQ="}', '{"aColour": "2"}',
            '{"aColour": 4294967296}', '{"an_int32": 1, "anInt32": 2}', '[]', '{"anInt32": "+5"}', '{"anInt32": "1_0"}', '{"aString": "a\\u0000b"}',
            '{"aUint64": 18446744073709551615}']


@pytest.mark.parametrize("text", STRICTER)
def test_stricter(ours, text):
    ok, answer = ours.ask("encode", EVERYTHING, text)
    assert not ok
    assert answer.startswith("invalid_argument ")


@pytest.mark.parametrize("text, says", [
    ('{"anInner": {"nam": "x"}}', "anInner.nam: unknown field; did you mean name?"),
    ('{"manyInner": [{}, {"sizeBytes": "many"}]}',
     "manyInner[1].sizeBytes: is not a whole number of 64 bits"),
    ('{"manyInner": [{}, {"colours": ["COLOUR_RAD"]}]}',
     "manyInner[1].colours[0]: 'COLOUR_RAD' is no Colour; did you mean COLOUR_RED?"),
    ('{"chosenInt32": 1, "chosenString": "x"}',
     "chosenString: excludes chosen_int32, which was given too"),
    ('{"aBool": 1}', "aBool: needs true or false, not a number"),
    ('[]', "the request: needs an object, not a list"),
])
def test_errors_say_where(ours, text, says):
    ok, answer = ours.ask("encode", EVERYTHING, text)
    assert not ok
    assert answer == f"invalid_argument {says}"
