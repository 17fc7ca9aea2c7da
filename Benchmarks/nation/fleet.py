"""Tables of a made-up nation: the same for the same numbers, on every machine.

    fleet.py USERS GROUPS FOLDER      writes FOLDER/users.csv and FOLDER/groups.csv

Groups have 25 members on average, most of them of the group's own organisation, so that 20,000 groups of 100,000 users
put everybody into five. Rows come in no order, as tables of people do."""

import base64
import hashlib
import os
import random
import sys

DOMAIN = "mc.it.example"
ORGANISATIONS = [f"region{number:02d}" for number in range(1, 21)]
LOGIN_PASSWORD = "pioggia e vento 112"
# The cost of the system's own verifiers; the same salt for all spares the benchmark hours and no nation anything.
COST = {"n": 1 << 15, "r": 8, "p": 1}
MEMORY = 64 << 20


def name(number):
    return f"u{number:06d}"


def identity(name):
    return f"sip:{name}@{DOMAIN}"


def device_password(name):
    return f"device of {name}"


def organisation(number):
    return ORGANISATIONS[number % len(ORGANISATIONS)]


def verifier():
    """Of LOGIN_PASSWORD, in the textual form of the PHC string format."""
    salt = hashlib.sha256(b"a nation for measuring").digest()[:16]
    made = hashlib.scrypt(LOGIN_PASSWORD.encode(), salt=salt, dklen=32, maxmem=MEMORY, **COST)
    encoded = [base64.b64encode(part).decode().rstrip("=") for part in (salt, made)]
    return "$scrypt$ln=15,r=8,p=1$" + "$".join(encoded)


def write_users(path, users, logins="verifier"):
    """LOGINS: verifier (ready-made), password (in clear) or none."""
    numbers = list(range(users))
    random.Random(1).shuffle(numbers)
    columns = {"verifier": "login_name,login_verifier,", "password": "login_name,login_password,", "none": ""}[logins]
    ready = f'"{verifier()}"' if logins == "verifier" else LOGIN_PASSWORD
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"id,password,{columns}display_name,organisation,agency,profile\n")
        for number in numbers:
            who = name(number)
            login = f"{who},{ready}," if columns else ""
            file.write(
                f"{identity(who)},{device_password(who)},{login}Responder {number},{organisation(number)},"
                f"Station {number // 40},responder\n")


def write_groups(path, groups, users):
    chance = random.Random(2)
    step = len(ORGANISATIONS)
    with open(path, "w", encoding="utf-8") as file:
        file.write("id,name,type,organisation,hang_time,members\n")
        for number in range(groups):
            size = min(users, chance.randint(5, 45))
            first = chance.randrange(users)
            # Neighbours of one organisation, and now and then somebody from elsewhere.
            members = {(first + step * place + (chance.random() < 0.05)) % users: None for place in range(size)}
            entries = " ".join(
                identity(name(member)) + (";5" if place == 0 else "") for place, member in enumerate(members))
            file.write(
                f"{identity(f'g{number:05d}')},Group {number},{'chat' if number % 2 else 'prearranged'},"
                f"{organisation(first)},30 s,{entries}\n")


if __name__ == "__main__":
    count, count_of_groups, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    write_users(os.path.join(folder, "users.csv"), count)
    write_groups(os.path.join(folder, "groups.csv"), count_of_groups, count)
