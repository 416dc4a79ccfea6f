"""Writes mutants into one Rust file, each behind a number that a call compares with the environment's.

It exists so that one build holds every mutant: without it each of them costs a build of its own. It knows the text
and its syntax tree only. Where types do not allow a change, the compiler says so, and `drop` leaves that mutant out.
"""

from collections import defaultdict

import tree_sitter_rust
from tree_sitter import Language, Parser

PARSER = Parser(Language(tree_sitter_rust.language()))
OPERATIONS = ("binary_expression", "compound_assignment_expr", "unary_expression")
ITEMS = ("function_item", "const_item", "static_item")

# Where two edits meet: what closes comes before what opens, and inner before outer.
CLOSES, OPENS, REMOVES = 0, 1, 2
OUTERMOST = float("inf")


class CannotBeSwitched(Exception):
    """The mutant is not put in; says why."""


def switch(number):
    return f"::matinee_planted::mutant({number})"


def marked(number, text):
    """Text with comments around it, by which `blamed` finds the mutant again."""
    return f"/*<{number}*/{text}/*{number}>*/"


def blamed(raw, start, end):
    """The number of the smallest marked text around these bytes of a file that was written, or None."""
    found, at = [], 0
    while (opening := raw.find(b"/*<", at)) >= 0:
        at = raw.index(b"*/", opening)
        number = raw[opening + 3 : at]
        if not number.isdigit():
            continue
        closing = raw.find(b"/*%s>*/" % number, at)
        if opening <= start and end <= closing:
            found.append((closing - opening, int(number)))
    return min(found)[1] if found else None


def enclosing(node, *kinds):
    while node and node.type not in kinds:
        node = node.parent
    return node


def name_of(node):
    return node.child_by_field_name("name").text.decode()


class Source:
    """One file and the changes to be written into it. Positions are bytes."""

    def __init__(self, text, keep_const=()):
        self.raw = text.encode()
        self.lines = text.split("\n")
        self.line_starts = [0]
        for line in self.lines:
            self.line_starts.append(self.line_starts[-1] + len(line.encode()) + 1)
        self.root = PARSER.parse(self.raw).root_node
        self.keep_const = keep_const
        self.wraps = defaultdict(list)  # (start, end) of an expression: [(number, what stands there instead)]
        self.edits = []  # (start, order, text, end of what the text replaces)

    def add(self, mutant):
        """Takes one entry of cargo-mutants' list, or raises CannotBeSwitched."""
        place = {
            "FnValue": self.add_value,
            "BinaryOperator": self.add_operator,
            "UnaryOperator": self.add_operator,
            "MatchArmGuard": self.add_guard,
            "MatchArm": self.add_arm,
            "StructField": self.add_field,
        }.get(mutant["genre"])
        if not place:
            raise CannotBeSwitched(f"of an unknown kind, {mutant['genre']}")
        start, end = (self.position(mutant["span"][side]) for side in ("start", "end"))
        place(mutant, start, end)

    def written(self):
        """The file with everything that was added."""
        edits = list(self.edits)
        for (start, end), alternatives in self.wraps.items():
            choice = "".join(
                f"if {marked(number, f'{switch(number)} {{ {alternative} }}')} else "
                for number, alternative in alternatives
            )
            edits.append((start, (OPENS, -end), f"({choice}{{ ", start))
            edits.append((end, (CLOSES, -start), " })", end))
        out, copied = [], 0
        for start, _, text, end in sorted(edits, key=lambda edit: edit[:2]):
            out += [self.raw[copied:start], text.encode()]
            copied = end
        return b"".join(out) + self.raw[copied:]

    def position(self, place):
        """Of a line and a character in it, both counted from 1."""
        line = place["line"] - 1
        return self.line_starts[line] + len(self.lines[line][: place["column"] - 1].encode())

    def node(self, start, end):
        return self.root.descendant_for_byte_range(start, end)

    def slice(self, start, end):
        return self.raw[start:end].decode()

    def insert(self, at, order, text):
        self.edits.append((at, order, text, at))

    def make_ordinary(self, node):
        """A constant function cannot ask which mutant is on: it loses its `const`. A constant has to stay one."""
        item = enclosing(node, *ITEMS)
        if item is None or item.type != "function_item":
            raise CannotBeSwitched("in a constant")
        for child in item.children:
            if child.type == "function_modifiers" and b"const" in child.text:
                if name_of(item) in self.keep_const:
                    raise CannotBeSwitched("in a function that stays constant")
                start = child.start_byte + child.text.index(b"const")
                removal = (start, (REMOVES, 0), "", start + len("const "))
                if removal not in self.edits:
                    self.edits.append(removal)

    def add_value(self, mutant, start, end):
        """The function returns at once."""
        if "impl " in mutant["function"]["return_type"]:
            raise CannotBeSwitched("in a function that returns an unnamed type")
        function = enclosing(self.node(start, end), "function_item")
        self.make_ordinary(function)
        number = mutant["number"]
        leave = marked(number, f" if {switch(number)} {{ return {mutant['replacement']}; }} ")
        self.insert(function.child_by_field_name("body").start_byte + 1, (OPENS, -OUTERMOST), " " + leave)

    def add_operator(self, mutant, start, end):
        """Another operator, or none."""
        node = self.node(start, end)
        if node.type not in OPERATIONS and (node.start_byte, node.end_byte) == (start, end):
            node = node.parent
        if node.type not in OPERATIONS:
            raise CannotBeSwitched(f"in a {node.type}, which is no expression")
        self.make_ordinary(node)
        changed = self.slice(node.start_byte, start) + mutant["replacement"] + self.slice(end, node.end_byte)
        self.wraps[node.start_byte, node.end_byte].append((mutant["number"], changed))

    def add_guard(self, mutant, start, end):
        """A match arm's guard is a constant."""
        self.make_ordinary(self.node(start, end))
        self.wraps[start, end].append((mutant["number"], mutant["replacement"]))

    def add_arm(self, mutant, start, end):
        """A match arm never fits."""
        arm = enclosing(self.node(start, end), "match_arm")
        self.make_ordinary(arm)
        pattern = arm.child_by_field_name("pattern")
        guard = pattern.child_by_field_name("condition")
        off = marked(mutant["number"], "!" + switch(mutant["number"]))
        if guard:
            self.insert(guard.start_byte, (OPENS, -OUTERMOST), off + " && (")
            self.insert(guard.end_byte, (CLOSES, 1), ")")
        else:
            self.insert(pattern.end_byte, (OPENS, -OUTERMOST), " if " + off)

    def add_field(self, mutant, start, end):
        """A field has the value of the struct's base (`..base`)."""
        field = enclosing(self.node(start, start + 1), "field_initializer", "shorthand_field_initializer")
        fields = field.parent if field else None
        bases = [child for child in fields.children if child.type == "base_field_initializer"] if fields else []
        if not bases:
            raise CannotBeSwitched("a field without a base to take it from")
        self.make_ordinary(field)
        base = bases[0].text.decode()[2:].strip()
        if base == "Default::default()":
            base = name_of(fields.parent) + "::default()"
        if field.type == "shorthand_field_initializer":
            value = name = next(child for child in field.children if child.type == "identifier")
            self.insert(name.start_byte, (OPENS, -OUTERMOST), name.text.decode() + ": ")
        else:
            value = field.child_by_field_name("value")
            name = field.child_by_field_name("field") or field.child_by_field_name("name")
        instead = f"({base}).{name.text.decode()}"
        self.wraps[value.start_byte, value.end_byte].append((mutant["number"], instead))
