"""Who drinks and who works there: members, employees, and what an employee was at what time."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from quayside.venues import Venue

FIRST_NAMES = ("Ava", "Noah", "Mia", "Jack", "Zoë", "Liam", "Chloé", "Oscar", "Priya", "Hamish", "Siobhán", "Minh",
               "Aroha", "Tane", "Giulia", "Nikos", "Fatima", "José", "Anneli", "Dimitra", "Wei", "Yuki", "Ravi",
               "Mary Ann", "Jean-Luc", "Kirra", "Bindi", "Archie", "Matilda", "Lachlan")  # fmt: skip
LAST_NAMES = ("O'Brien", "Nguyen", "Smith", "Papadopoulos", "MacLeod", "Singh", "Rossi", "Ní Bhriain", "Wójcik",
              "Tanaka", "van der Berg", "Chen", "Müller", "Williams", "d'Arcy", "Kelly", "García", "Tautahi", "Haddad",
              "Smith-Jones", "Thompson", "Sørensen", "Iyer", "Walsh", "Leung")  # fmt: skip
CLASSES = ((1, "Bronze"), (2, "Silver"), (3, "Gold"))
MEMBERS = 300
# Department → roles in the order in which one rises, with cents an hour.
CAREERS: dict[str, tuple[tuple[str, int], ...]] = {
    "Bar": (("Bartender", 2650), ("Bar Supervisor", 2980), ("Bar Manager", 3510)),
    "Bistro": (("Waiter", 2590), ("Floor Supervisor", 2940)),
    "Kitchen": (("Kitchen Hand", 2520), ("Cook", 2810), ("Chef", 3290)),
    "Gaming": (("Gaming Attendant", 2680), ("Gaming Supervisor", 3040)),
    "Management": (("Duty Manager", 3420),),
}
STAFF = {"Bar": 16, "Bistro": 12, "Kitchen": 12, "Gaming": 7, "Management": 4}
RATES = {role: cents for career in CAREERS.values() for role, cents in career}
EMPLOYMENT = ("Casual", "Part Time", "Full Time")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the loyalty programme."""

    id: int
    name: str
    class_id: int
    class_name: str
    home: int

    def points(self, day: date) -> int:
        """Return the points that a member begins a business day with.

        Not what the day before ended with: points are earned and spent at the gaming machines, too, of which the
        point of sale tells nothing.
        """
        return (self.id * 7919 + day.toordinal() * 104_729) % 4800 + 200 * self.class_id


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody is employed as, from a day on."""

    since: date
    role: str
    employment: str


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who works at a venue.

    :param posts: in the order of time; the first holds from the day of hire
    :param left: the first day without them
    """

    code: str
    name: str
    id: int
    department: str
    posts: tuple[Post, ...]
    left: date

    def post(self, day: date) -> Post:
        """Return what they were employed as on a day."""
        return self.posts[max(0, bisect_right([post.since for post in self.posts], day) - 1)]

    def works(self, day: date) -> bool:
        """Tell whether they are employed on a day."""
        return self.posts[0].since <= day < self.left


def members(random: Random, venues: tuple[Venue, ...]) -> tuple[Member, ...]:
    """Invent the members; most belong to the first venue."""
    found = []
    for number in range(MEMBERS):
        home = random.choices(venues, weights=range(len(venues) + 1, 1, -1))[0]
        class_id, class_name = random.choices(CLASSES, weights=(6, 3, 1))[0]
        found.append(Member(10_001 + number, name(random), class_id, class_name, home.id))
    return tuple(found)


def employees(random: Random, venue: Venue, begins: date) -> tuple[Employee, ...]:
    """Invent a venue's staff: who leaves is followed by another, over ten years."""
    found: list[Employee] = []
    for department, places in STAFF.items():
        for _ in range(places):
            hired = begins - timedelta(days=random.randint(10, 1500))
            while hired < begins + timedelta(days=3650):
                left = max(hired, begins) + timedelta(days=random.randint(90, 1600))
                number = venue.id * 1000 + len(found) + 1
                posts = _career(random, department, hired, left)
                initials = "".join(word[0] for word in venue.name.split()[:2])
                found.append(Employee(f"{initials}{number:05d}", name(random), number, department, posts, left))
                hired = left
    return tuple(found)


def name(random: Random) -> str:
    """Invent a person's name."""
    return f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"


def _career(random: Random, department: str, hired: date, left: date) -> tuple[Post, ...]:
    career = CAREERS[department]
    rank = random.choices(range(len(career)), weights=range(3 * len(career), 0, -3))[0]
    employment = random.choices(EMPLOYMENT, weights=(6, 3, 2))[0]
    posts, day = [Post(hired, career[rank][0], employment)], hired
    while (day := day + timedelta(days=random.randint(120, 600))) < left:
        if random.random() < 0.5 and rank + 1 < len(career):
            rank += 1
        else:
            employment = EMPLOYMENT[min(EMPLOYMENT.index(employment) + 1, 2)]
        if (career[rank][0], employment) != (posts[-1].role, posts[-1].employment):
            posts.append(Post(day, career[rank][0], employment))
    return tuple(posts)
