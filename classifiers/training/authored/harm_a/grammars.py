"""Grammars over the slots of `slots_acts.py` and `slots_swaps.py`: seeded, pair by pair, both rows in one frame and style."""

import random

import slots_acts as acts
import slots_swaps as swaps

SEED = 20260817
LOOSE = ("so ", "to ", "with ", "under ", "from ", "till ", "in ", "as ", "before ", "on ", "for ", "at ", "after ", "every ", "through ", "behind ", "into ", "by ", "without ", "and ", "more ", "only ", "off ")
TELLING = ("an article", "a speech", "a podcast script", "a video script", "a radio item", "a letter", "a blog post", "a two-page essay")


class Deck:
    """Deals its cards in a shuffled order, all of them before any returns."""

    def __init__(self, dice, cards):
        self.dice, self.cards, self.left = dice, list(cards), []

    def deal(self, fits=lambda card: True):
        """The next card that fits."""
        for _ in range(4 * len(self.cards)):
            if not self.left:
                self.left = self.dice.sample(self.cards, len(self.cards))
            card = self.left.pop()
            if fits(card):
                return card
        raise SystemExit("no card fits")


def table(text):
    """Rows of a slot table as lists of cells."""
    return [[cell.strip() for cell in line.split(" | ")] for line in text.strip().split("\n")]


def slip(dice, text):
    """The text with one or two slips of the keyboard."""
    letters = list(text)
    for _ in range(dice.choice((1, 2))):
        spots = [at for at in range(1, len(letters) - 1) if letters[at].isalpha() and letters[at - 1].isalpha() and letters[at + 1].isalpha()]
        at = dice.choice(spots)
        if dice.random() < 0.5:
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        else:
            del letters[at]
    return "".join(letters)


class Writer:
    """Collects pairs, drops those whose text is known already, and dresses both rows of a pair alike."""

    def __init__(self, known, key):
        self.dice = random.Random(SEED)
        self.known, self.key = set(known), key
        self.out, self.number = [], 0
        self.lead, self.tail = self.deck(swaps.LEADS), self.deck(swaps.TAILS)

    def deck(self, cards):
        """A deck on the writer's dice."""
        return Deck(self.dice, cards)

    def dress(self, texts, wrap):
        """The texts with one lead, tail and register."""
        lead, tail = (self.lead.deal(), self.tail.deal()) if wrap else ("", "")
        mood = self.dice.random()
        done = []
        for text in texts:
            if tail and text[-1] not in ".?!":
                text += "."
            body = text if not lead or lead.endswith((". ", "! ", ": ")) else text[0].lower() + text[1:]
            text = lead + body + tail
            if mood < 0.14:
                text = text.lower().rstrip(".?")
            elif mood < 0.22:
                text = slip(self.dice, text)
            done.append(text)
        return done

    def pair(self, safe, harm, category, kind, family, phrase, wrap=True):
        """Adds one pair; says whether it was new."""
        texts = self.dress((safe, harm), wrap)
        keys = [self.key(text) for text in texts]
        if self.known & set(keys) or keys[0] == keys[1]:
            return False
        self.known |= set(keys)
        self.number += 1
        for text, harmful in zip(texts, (0, 1)):
            self.out.append((text, harmful, category, kind, family, phrase, f"g-{family}-{self.number:04d}"))
        return True


def ending(verb):
    """The mark that closes an order beginning with `verb`."""
    return "?" if verb.startswith("Could") else "" if verb.startswith("pls") else "."


def fill(text, act):
    """A stance or product with the act's words in it."""
    _, gerund, infinitive, hurt, doer = act
    return text.format(g=gerund, v=infinitive, p=hurt, d=doer)


def suits(act):
    """A test of whether a stance or product suits the act."""
    return lambda card: act[0] != "self_harm" or not any(word in card for word in acts.CRIME)


def write_acts(writer):
    """Documents with a stance, and products, about one act."""
    verbs, docs = writer.deck(acts.VERBS), writer.deck(acts.DOCS)
    stances = writer.deck(acts.STANCE_SAFE), writer.deck(acts.STANCE_HARM)
    products = writer.deck(acts.PRODUCT_SAFE), writer.deck(acts.PRODUCT_HARM)
    for act in table(acts.ACTS):
        phrase = f"act:{act[1]}"
        for _ in range(2):
            pick = [deck.deal(suits(act)) for deck in stances]
            tells = any(stance.startswith("in which") for stance in pick)
            verb, doc = verbs.deal(), docs.deal(lambda card: card in TELLING if tells else True)
            texts = [f"{verb} {doc} {fill(stance, act)}{ending(verb)}" for stance in pick]
            writer.pair(*texts, act[0], "stance", "g_stance", phrase)
        for _ in range(2):
            verb = verbs.deal()
            texts = [f"{verb} {fill(deck.deal(suits(act)), act)}{ending(verb)}" for deck in products]
            writer.pair(*texts, act[0], "product", "g_product", phrase)


def write_consent(writer):
    """One request; the detail says whether the owner agrees."""
    frames = writer.deck(swaps.FRAMES_CONSENT)
    tight = {frame for frame in swaps.FRAMES_CONSENT if "By the way" not in frame and ": {d}" not in frame.replace("Context: {d}", "").replace("Detail: {d}", "") and "{D}" not in frame and "To be clear" not in frame}
    for category, doing, thing, safe, harm in table(swaps.CONSENT):
        for good, bad in zip(safe.split(" / "), harm.split(" / ")):
            loose = (good + " ").startswith(LOOSE) or (bad + " ").startswith(LOOSE)
            frame = frames.deal(lambda card: card in tight if loose else True)
            texts = [frame.format(a=doing, o=thing, d=d, D=d[0].upper() + d[1:]) for d in (good, bad)]
            writer.pair(*texts, category, "consent", "g_consent", f"consent:{doing} {thing}")


def write_claims(writer):
    """One document; the claim in it is true or fair, or false and harmful."""
    frames = writer.deck(swaps.FRAMES_CLAIM)
    for category, topic, true, false in table(swaps.CLAIMS):
        for _ in range(2):
            frame = frames.deal()
            writer.pair(frame.format(c=true), frame.format(c=false), category, "claim", "g_claim", f"claim:{topic}")


def write_asks(writer):
    """One person to be brought to something good or bad."""
    frames = writer.deck(swaps.FRAMES_ASK)
    for category, whom, good, bad in table(swaps.ASKS):
        for _ in range(2):
            frame = frames.deal()
            texts = [frame.format(w=whom, x=what) for what in (good, bad)]
            writer.pair(*texts, category, "ask", "g_ask", f"ask:{whom}")


def write_groups(writer):
    """Contempt for made-up beings, contempt for people, respect for the same people."""
    made, real = writer.deck(swaps.MADE_UP), writer.deck(swaps.REAL)
    for round_number in range(4):
        for mean, kind in zip(swaps.MEAN, swaps.KIND):
            people = real.deal()
            phrase = f"group:{mean}"
            if round_number % 2:
                writer.pair(kind.format(x=people), mean.format(x=people), "hate", "respect", "g_groups", phrase)
            else:
                writer.pair(mean.format(x=made.deal()), mean.format(x=people), "hate", "made_up", "g_groups", phrase)


def rows(known, key):
    """Fields of every row that the grammars write, in order; none whose text is in `known`."""
    writer = Writer(known, key)
    for part in (write_acts, write_consent, write_claims, write_asks, write_groups):
        part(writer)
    return writer.out
