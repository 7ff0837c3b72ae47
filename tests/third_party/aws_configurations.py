"""Configurations as people have them, made up from a seed: profile files, variables, and who takes credentials from whom."""

import dataclasses
import random
import re

# The first region is nobody's default.
REGIONS = ["eu-central-1", "ap-south-1", "us-west-2", "sa-east-1", "us-east-1"]
NAMES = ["work", "my profile", "é", "a.b", "team/dev", "Work", "x-1", "o'neil"]


@dataclasses.dataclass
class World:
    """What a program finds. `{server}` stands for the address that everything is asked of, `{home}` for the home folder."""

    number: int
    files: dict  # by path below the home folder, bytes
    variables: dict
    made_of: list

    def __str__(self):
        shown = "\n".join(f"--- {path}\n{content!r}" for path, content in self.files.items())
        return f"world {self.number} {self.made_of}\n{self.variables}\n{shown}"


def worlds(count, seed=20261):
    """The first `count` worlds; each is the same whatever their number."""
    return [Maker(random.Random(seed * 100_003 + number), number).world() for number in range(count)]


def secret(key):
    return f"secret/of+{key}"


class Maker:
    def __init__(self, choice, number):
        self.choice = choice
        self.number = number
        self.made_of = []
        # By profile, the keys of each file.
        self.config = {}
        self.credentials = {}
        self.extra = {}

    def chance(self, one_in, name=None):
        found = self.choice.randrange(one_in) == 0
        if found and name:
            self.made_of.append(name)
        return found

    def world(self):
        names = ["default"] * (not self.chance(6, "no default")) + self.choice.sample(NAMES, self.choice.randrange(4))
        for name in names:
            self.profile(name, names)
        variables = self.variables(names)
        config = self.file(self.config, "profile ")
        credentials = self.file(self.credentials, "")
        files = {".aws/config": config, ".aws/credentials": credentials, **self.extra}
        if self.chance(12, "files elsewhere"):
            folder = self.choice.choice(["{home}", "~", "$HOME", "${HOME}"])
            variables |= {"AWS_CONFIG_FILE": f"{folder}/else", "AWS_SHARED_CREDENTIALS_FILE": f"{folder}/keys"}
            files["else"], files["keys"] = files.pop(".aws/config"), files.pop(".aws/credentials")
        for path in list(files):
            if self.chance(25, f"no {path}"):
                del files[path]
        return World(self.number, files, variables, self.made_of)

    # Whose credentials.

    def profile(self, name, names):
        config, credentials = {}, {}
        if not self.chance(3):
            config["region"] = self.choice.choice(REGIONS)
        if self.chance(12, "region in both files"):
            credentials["region"] = self.choice.choice(REGIONS)
        kind = self.choice.choice(
            ["keys", "keys", "keys", "config keys", "both", "role", "role", "process", "web", "none", "half", "odd role"]
        )
        self.made_of.append(f"{name}: {kind}")
        word = re.sub(r"[^A-Z0-9]", "", name.upper()) + str(names.index(name))
        match kind:
            case "keys":
                credentials |= self.keys(word)
            case "config keys":
                config |= self.keys(f"C{word}")
            case "both":
                config |= self.keys(f"C{word}")
                credentials |= self.keys(word)
            case "process":
                config["credential_process"] = self.process(word)
                if self.chance(3, "process and keys"):
                    self.choice.choice([config, credentials]).update(self.keys(word))
            case "web":
                config |= {"role_arn": self.arn(word), "web_identity_token_file": "{home}/token"}
                self.extra["token"] = b"signed.by.somebody"
            case "half":
                half = self.keys(word)
                del half[self.choice.choice(["aws_access_key_id", "aws_secret_access_key"])]
                self.choice.choice([config, credentials]).update(half)
                if self.chance(2, "other half"):
                    self.choice.choice([config, credentials]).update(self.keys(f"H{word}"))
            case "role" | "odd role":
                role = {"role_arn": self.arn(word), "source_profile": self.choice.choice(names)}
                if kind == "odd role":
                    role |= self.choice.choice(
                        [
                            {"source_profile": "nobody"},
                            {"source_profile": name},
                            {"credential_source": "Environment"},
                            {"credential_source": "Nowhere"},
                            {"source_profile": ""},
                            {"role_arn": ""},
                        ]
                    )
                    if "credential_source" in role and self.chance(2, "one source"):
                        del role["source_profile"]
                    if self.chance(5, "no source"):
                        role.pop("source_profile", None)
                for key, value in [
                    ("external_id", "ext-1"),
                    ("role_session_name", "somebody"),
                    ("duration_seconds", "1800"),
                    ("duration_seconds", "soon"),
                ]:
                    if self.chance(4):
                        role[key] = value
                if self.chance(4, "role with keys"):
                    self.choice.choice([config, credentials]).update(self.keys(f"R{word}"))
                self.choice.choice([config, config, credentials]).update(role)
        if self.chance(6, "own endpoint"):
            config["endpoint_url"] = "{server}/profile"
        if self.chance(8, "services"):
            config["services"] = "local"
        for key, value in [
            ("output", "json"),
            ("cli_pager", ""),
            ("s3", "\n  addressing_style = path\n  # a comment\n  max_queue_size = 1000"),
            ("retry_mode", "standard"),
            ("unknown key", "x = y"),
            ("aws_account_id", "111122223333"),
        ]:
            if self.chance(8):
                config[key] = value
        self.config[name] = config
        if credentials or self.chance(5):
            self.credentials[name] = credentials

    def keys(self, word):
        keys = {"aws_access_key_id": f"AKIA{word}", "aws_secret_access_key": secret(f"AKIA{word}")}
        if self.chance(3):
            keys["aws_session_token"] = self.choice.choice([f"token-of-{word}", ""])
        if self.chance(12, "old token"):
            keys["aws_security_token"] = f"old-token-of-{word}"
        return keys

    def arn(self, word):
        return f"arn:aws:iam::111122223333:role/{word}"

    def process(self, word):
        key = f"AKIAP{word}"
        said = f'{{"Version": 1, "AccessKeyId": "{key}", "SecretAccessKey": "{secret(key)}", "SessionToken": "t-{word}"}}'
        self.extra[f"said {word}"] = said.encode()
        path = f'"{{home}}/said {word}"'
        return self.choice.choice([f"cat {path}", f"cat '{{home}}/said {word}'", "false", f"/bin/cat -- {path}"])

    def variables(self, names):
        variables = {} if self.chance(4, "no endpoint") else {"AWS_ENDPOINT_URL": "{server}/environment"}
        if self.chance(8, "endpoint of the service"):
            variables["AWS_ENDPOINT_URL_EC2"] = "{server}/service"
        if self.chance(20, "endpoints ignored"):
            variables |= {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
        any_name = [*names * 4, "nobody"]
        if not self.chance(3):
            variables["AWS_PROFILE"] = self.choice.choice([*any_name, ""])
        if self.chance(10, "default profile"):
            variables["AWS_DEFAULT_PROFILE"] = self.choice.choice([variables.get("AWS_PROFILE"), *any_name]) or "default"
        if self.chance(4):
            variables["AWS_DEFAULT_REGION"] = self.choice.choice([*REGIONS, ""])
        if self.chance(6, "AWS_REGION"):
            variables["AWS_REGION"] = self.choice.choice([*REGIONS, ""])
        if self.chance(8, "keys in variables"):
            keys = {
                "AWS_ACCESS_KEY_ID": "AKIAENV",
                "AWS_SECRET_ACCESS_KEY": secret("AKIAENV"),
                "AWS_SESSION_TOKEN": self.choice.choice(["token-of-env", ""]),
            }
            if self.chance(4, "half of the variables"):
                del keys[self.choice.choice(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])]
            variables |= keys
        if self.chance(15, "token in variables"):
            variables |= {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": self.arn("POD")}
            self.extra["token"] = b"signed.by.somebody"
        return variables

    # How it is written.

    def file(self, profiles, prefix):
        sections = [(self.header(name, prefix), keys) for name, keys in profiles.items()]
        self.choice.shuffle(sections)
        if prefix and self.chance(2):
            url = "{server}/services" + self.comment(40)
            sections.append(("[services local]", {"ec2": f"\n  endpoint_url = {url}\n"}))
        if self.chance(20, "DEFAULT"):
            sections.append(("[DEFAULT]", {"region": self.choice.choice(REGIONS), "output": "text"}))
        if sections and self.chance(30, "section twice"):
            header, keys = self.choice.choice(sections)
            again = dict(keys) if self.chance(2) else {"output": "table", "region": self.choice.choice(REGIONS)}
            sections.append((header, again))
        if prefix and "default" in profiles and self.chance(30, "two defaults"):
            sections.insert(self.choice.randrange(2), ("[profile default]", self.keys("OTHER") | {"region": REGIONS[0]}))
        lines = []
        for header, keys in sections:
            lines += self.section(header, keys)
        return self.spoilt(lines)

    def header(self, name, prefix):
        if not prefix or name == "default":
            return f"[{name}]"
        quoted = f'"{name}"'
        plain = name if self.chance(2) and not re.search(r"[\s']", name) else quoted
        return f"[{prefix}{plain}]" if not self.chance(15, "space in the header") else f"[{prefix} {plain}]"

    def section(self, header, keys):
        indent = self.choice.choice(["", "", "", " ", "\t", "   "])
        lines = [header + self.comment(40)]
        for key, value in keys.items():
            if self.chance(8):
                lines.append(self.choice.choice(["", "# a comment", "  ; another", "\t# [profile nobody]", "   "]))
            key = self.choice.choice([key, key, key, key.upper(), key.title()])
            between = self.choice.choice([" = ", " = ", "=", "\t=\t", " : ", ":", " =  "])
            comment = "" if value.startswith("\n") else self.comment(150)
            lines.append(f"{indent}{key}{between}{value}{comment}{self.choice.choice(['', '', ' ', chr(9)])}")
        return lines

    def comment(self, one_in):
        if not self.chance(one_in, "comment behind"):
            return ""
        return self.choice.choice([" # why", " ; why", "  # [x", "\t#why", "\t; é"])

    def spoilt(self, lines):
        at = self.choice.randrange(len(lines) + 1)
        if self.chance(50, "no ="):
            lines.insert(at, "region eu-west-1")
        if self.chance(50, "no ]"):
            lines.insert(at, "[profile open")
        if self.chance(50, "two ]"):
            lines.insert(at, "[profile two] # see [this]")
        if self.chance(50, "odd quote"):
            lines.insert(at, '[profile "two]')
        if self.chance(50, "key twice"):
            lines.insert(at, self.choice.choice(["region = eu-west-3", "output = json\noutput = json", "role_arn = x"]))
        if self.chance(50, "goes on"):
            lines.insert(at, "    aws_access_key_id = AKIABELOW")
        if self.chance(25, "comment in a block"):
            lines.insert(at, "s3 =\n  # why\n  a = b\n  ; why\n\n  c = d # e")
        if self.chance(50, "block with a word"):
            lines.insert(at, "s3 =\n  nothing")
        text = "\n".join(lines) + "\n"
        if self.chance(10, "CRLF"):
            text = text.replace("\n", "\r\n")
        elif self.chance(40, "CR"):
            text = text.replace("\n", "\r")
        content = text.encode()
        if self.chance(50, "no UTF-8"):
            places = [at for at in range(len(content) + 1) if content[at - 1 : at] in (b"\n", b" ", b"#")] or [0]
            at = self.choice.choice(places)
            content = content[:at] + self.choice.choice([b"\xe9", b"\xff\xfe", b"# caf\xe9\n"]) + content[at:]
        if self.chance(50, "byte order mark"):
            content = b"\xef\xbb\xbf" + content
        return content
