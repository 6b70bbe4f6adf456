// Random JSONata expressions and inputs from a seed.
//
// An expression is a tree: an array of texts and of trees, so that a failing one can be made smaller
// by replacing a tree by one of its parts. Expressions are mostly of the right type, because those
// that are not end in the first type error; one in twenty parts is of any type.

export function randomOf(seed) {
    let state = (seed * 0x9e3779b1 + 0x7f4a7c15) >>> 0;
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return (t ^ (t >>> 14)) >>> 0;
    };
    const below = n => next() % n;
    return { below, chance: percent => below(100) < percent, pick: list => list[below(list.length)] };
}

const NAMES = ["a", "b", "c", "items", "name", "price", "qty", "tags", "nested"];
const WORDS = ["", "a", "b", "abc", "ABC", "hello world", "  trim  me ", "x,y,z", "12", "-3.5", "0x1F", "1e3", "true", "null", "é", "Straße",
    "a\\nb", "\\u00fcber", "foo bar foo", "aaa", "2018-03-21", "2020-02-29T12:34:56.789Z", "aGVsbG8=", "a%20b", "a b&c=d/é?", "$1-$0", "$$", "x$2y"];
const NUMBERS = ["0", "1", "2", "3", "5", "10", "-1", "-2", "0.5", "-0.5", "2.5", "3.14159", "100", "1234.5678", "1e3", "1.5e-7", "1e15", "123456789", "900719925474099", "0.1"];
// The reference writes large numbers as long Roman ones until memory ends.
const SMALL_NUMBERS = ["0", "1", "2", "3", "4", "9", "11", "12", "13", "21", "49", "99", "100", "101", "111", "112", "1000", "1234", "1999", "3999", "-1", "-12", "2.5", "price", "qty", "$count(items)"];
const PATTERNS = ["a", "[a-z]+", "\\d+", "(a)(b)?", "o", "\\s+", "^.", "b$", "(.)\\1", "[^aeiou ]", "a|b|c", "(\\w+) (\\w+)", "l{2}", "o(?= w)", "x*y", ".", "\\bf", "[A-C]", "(foo|bar)", "-?\\d+\\.?\\d*"];
const NUMBER_PICTURES = ["#,##0.00", "0", "#", "000", "#0.0##", "0.000e0", "#,###", "00.00%", "#‰", "$#0.00", "#0;(#0)", "0.0e00", "abc0def", "#.##", "#,##0.###,#"];
const BAD_NUMBER_PICTURES = ["", "0#", "#.#0", "0.0.0", "0%%", "0,", "a", "0;0;0", "#e0", ",0"];
const INTEGER_PICTURES = ["0", "000", "#,##0", "W", "w", "Ww", "I", "i", "A", "a", "w;o", "0;o", "#00", "##:##:00", "Ww;o", "1;o(st)"];
const DATE_PICTURES = ["[Y0001]-[M01]-[D01]", "[D1] [MNn] [Y]", "[H01]:[m01]:[s01]", "[h]:[m01] [PN]", "[FNn], [D1o] [MNn,3-3] [Y0001]", "[Y]-W[W01]-[F0]",
    "[M01]/[D01]/[Y0001] [h01]:[m01]:[s01] [P]", "[d001] of [Y]", "[Dwo] of [MNn]", "[YI]", "[Yw]", "[H01][m01][s01].[f001]", "[Z]", "[z]", "[Z0101]", "[Z00:00t]", "[C]", "[E]", "[w] [x1]", "[X0001]-[W1]", "[[[Y]]]", "[Y9,2-2]", "[FNn,3-3]", "[F1]", "[Y,*-4]", "[D#1]", "[MI]", "[Ma]", "[mA]"];
const PARSE_PICTURES = ["[Y0001]-[M01]-[D01]", "[D1] [MNn] [Y0001]", "[H01]:[m01]:[s01]", "[Y0001]-[d001]", "[M01]/[D01]/[Y0001] [h]:[m01] [PN]", "[D1o] [MNn,3-3] [Y]", "[Y]-[M]-[D]T[H]:[m]:[s].[f001]Z"];
const DATE_TEXTS = ["2018-03-21", "21 March 2018", "12:30:59", "2020-366", "03/21/2018 1:05 PM", "1st Feb 2019", "2018-1-2T3:4:5.678Z", "2018-13-01", "nonsense"];
const TIMEZONES = ["+0000", "+0100", "-0500", "+1345"];
const MILLIS = ["0", "1", "1521801216617", "1540127100000", "-1", "-2208988800000", "951782400000", "1582979696789", "4102444800000", "86399999"];

export class Generator {
    constructor(random) {
        Object.assign(this, random);
        this.scope = []; // Of variables: { name, kind }.
    }

    value(depth) {
        const kind = this.below(depth > 0 ? 10 : 6);
        if (kind === 0) return null;
        if (kind === 1) return this.chance(50);
        if (kind <= 3) return this.pick([0, 1, 2, 3, -1, 2.5, 10, 100, 0.1, 12345]);
        if (kind <= 5) return JSON.parse(`"${this.pick(WORDS)}"`);
        if (kind === 6) return Array.from({ length: this.below(5) }, () => this.value(depth - 1));
        if (kind === 7) return Array.from({ length: this.below(5) }, () => this.record(depth - 1));
        return this.record(depth - 1);
    }

    record(depth) {
        const object = {};
        for (let count = this.below(5); count >= 0; count--) object[this.pick(NAMES)] = this.value(depth);
        if (this.chance(60)) object.price = this.pick([1, 2.5, 10, 99, 0]);
        if (this.chance(60)) object.name = this.pick(["bolt", "nut", "gear", "a", "Bolt"]);
        if (this.chance(40)) object.tags = Array.from({ length: this.below(4) }, () => this.pick(["x", "y", "z"]));
        return object;
    }

    input() {
        if (this.chance(10)) return this.value(3);
        const root = this.record(3);
        root.items = Array.from({ length: this.below(5) }, () => this.record(2));
        root.nested = this.record(2);
        return root;
    }

    expression() {
        this.scope = [];
        return this.any(4);
    }

    any(depth) {
        return this[this.pick(["number", "number", "text", "text", "boolean", "array", "array", "object", "path", "path", "path", "block", "condition"])](depth);
    }

    // A part of that kind, or sometimes of another.
    part(kind, depth) {
        if (depth <= 0) return this.leaf(kind);
        const variables = this.scope.filter(v => v.kind === kind || v.kind === "any");
        if (variables.length > 0 && this.chance(25)) return [`$${this.pick(variables).name}`];
        if (this.chance(5)) return this.any(depth - 1);
        if (this.chance(3)) return this.block(depth - 1);
        if (this.chance(3)) return ["(", this.part("boolean", depth - 1), " ? ", this.part(kind, depth - 1), " : ", this.part(kind, depth - 1), ")"];
        if (this.chance(4)) return this.call(kind, depth);
        return this[kind](depth);
    }

    leaf(kind) {
        const variables = this.scope.filter(v => v.kind === kind || v.kind === "any");
        if (variables.length > 0 && this.chance(40)) return [`$${this.pick(variables).name}`];
        switch (kind) {
        case "number": return [this.chance(75) ? this.pick(NUMBERS) : this.pick(["price", "qty", "a", "items.price", "$count(items)"])];
        case "text": return this.chance(75) ? this.string(this.pick(WORDS)) : [this.pick(["name", "tags", "tags[0]", "items[0].name", "nested.name"])];
        case "boolean": return [this.pick(["true", "false", "b", "price", "$exists(a)"])];
        case "array": return [this.pick(["[]", "[1,2,3]", "[1..4]", '["b","a","c"]', "items", "tags", "items.tags", "items.price", '[1,"a",null,true]', "[[1,2],[3]]", "[3,1,2,1]", "items.name"])];
        case "object": return [this.pick(["{}", '{"a":1}', '{"b":2,"c":"x"}', "nested", "items[0]", "$", "$$"])];
        default: return [this.pick(["a", "b.c", "items", "*", "**", "nested.*", "items.*", "$", "items[0]", "`name`", "null", "items.nested", "tags[-1]"])];
        }
    }

    string(words) {
        return [this.chance(80) ? `"${words}"` : `'${words}'`];
    }

    regex() {
        return [`/${this.pick(PATTERNS)}/${this.pick(["", "", "", "i", "m"])}`];
    }

    number(depth) {
        const d = depth - 1;
        const n = () => this.part("number", d), t = () => this.part("text", d), a = () => this.part("array", d);
        switch (this.below(22)) {
        case 0: case 1: case 2: return ["(", n(), this.pick([" + ", " - ", " * ", " / ", " % "]), n(), ")"];
        case 3: return ["-", n()];
        case 4: case 5: return [`$${this.pick(["sum", "max", "min", "average"])}(`, a(), ")"];
        case 6: return ["$count(", a(), ")"];
        case 7: return ["$length(", t(), ")"];
        case 8: return [`$${this.pick(["floor", "ceil", "abs", "sqrt", "round"])}(`, n(), ")"];
        case 9: return ["$round(", n(), ", ", [this.pick(["0", "1", "2", "-1", "-2", "3"])], ")"];
        case 10: return ["$power(", n(), ", ", [this.pick(["0", "1", "2", "3", "-1", "0.5"])], ")"];
        case 11: return ["$number(", this.part(this.pick(["number", "text", "boolean"]), d), ")"];
        case 12: return ["$toMillis(", this.chance(40) ? this.string(this.pick(["2018-03-21", "2020-02-29T12:34:56.789Z", "2018", "2018-03", "2018-03-21T10:00:00+01:00", "abc"])) : [`"${this.pick(DATE_TEXTS)}", "${this.pick(PARSE_PICTURES)}"`], ")"];
        case 13: {
            // Many letters are a number that no two libraries round alike.
            const picture = this.pick(INTEGER_PICTURES), others = /[aA]/.test(picture) ? ["0", "000", "#,##0", "I", "i", "A", "a"] : INTEGER_PICTURES;
            return ["$parseInteger($formatInteger(", this.pick(["0", "1", "7", "12", "123", "4567"]), `, "${this.pick(others)}"`, `), "${picture}")`];
        }
        case 14: return ["$reduce(", a(), ", function($x, $y){", this.within([["x", "number"], ["y", "number"]], () => this.part("number", d)), "}", this.chance(40) ? [", ", n()] : [], ")"];
        case 15: return [a(), [`[${this.pick(["0", "1", "-1", "2"])}]`]];
        case 16: return [n(), " ~> ", [this.pick(["$abs", "$floor", "$sqrt", "$string", "$round(?, 1)", "$power(?, 2)"])]];
        case 17: return ["(", this.path(d), ").price"];
        default: return this.leaf("number");
        }
    }

    text(depth) {
        const d = depth - 1;
        const n = () => this.part("number", d), t = () => this.part("text", d);
        const pattern = () => (this.chance(50) ? this.regex() : t());
        switch (this.below(30)) {
        case 0: case 1: case 2: return ["(", t(), " & ", this.part(this.pick(["text", "text", "number", "boolean", "array", "object"]), d), ")"];
        case 3: return ["$string(", this.any(d), this.chance(15) ? ", true" : "", ")"];
        case 4: return [`$${this.pick(["uppercase", "lowercase", "trim"])}(`, t(), ")"];
        case 5: return ["$substring(", t(), ", ", n(), this.chance(50) ? [", ", n()] : [], ")"];
        case 6: return [`$${this.pick(["substringBefore", "substringAfter"])}(`, t(), ", ", t(), ")"];
        case 7: return ["$pad(", t(), ", ", [this.pick(["0", "5", "-5", "12", "-12", "3"])], this.chance(60) ? [", ", t()] : [], ")"];
        case 8: return ["$join(", this.part("array", d), this.chance(60) ? [", ", t()] : [], ")"];
        case 9: return ["$join($split(", t(), ", ", pattern(), "), ", t(), ")"];
        case 10: case 11: return ["$replace(", t(), ", ", pattern(), ", ", this.chance(70) ? t() : ["function($m){", this.within([["m", "object"]], () => this.pick([() => this.part("text", d), () => ["$m.match & $m.index"], () => ["$uppercase($m.match)"], () => ["$m.groups[0] & '!'"]])()), "}"], this.chance(30) ? [", ", [this.pick(["0", "1", "2", "-1"])]] : [], ")"];
        case 12: {
            const picture = this.chance(85) ? this.pick(NUMBER_PICTURES) : this.pick(BAD_NUMBER_PICTURES);
            // The reference never ends scaling what is not above zero.
            const number = picture.includes("e") ? this.pick(["1", "0.5", "1234.5678", "1.5e-7", "99999", "1e15"]) : n();
            return ["$formatNumber(", number, ", ", `"${picture}"`, this.chance(10) ? [', {"decimal-separator": ",", "grouping-separator": "."}'] : [], ")"];
        }
        case 13: return ["$formatBase(", n(), ", ", [this.pick(["2", "8", "10", "16", "36", "1"])], ")"];
        case 14: return ["$formatInteger(", [this.pick(SMALL_NUMBERS)], ", ", [`"${this.pick(INTEGER_PICTURES)}"`], ")"];
        case 15: case 16: return ["$fromMillis(", [this.pick(MILLIS)], ", ", [`"${this.pick(DATE_PICTURES)}"`], this.chance(40) ? [`, "${this.pick(TIMEZONES)}"`] : [], ")"];
        case 17: return ["$fromMillis(", [this.pick(MILLIS)], ")"];
        case 18: return [`$${this.pick(["base64encode", "encodeUrl", "encodeUrlComponent", "decodeUrl", "decodeUrlComponent"])}(`, t(), ")"];
        case 19: return ["$base64decode($base64encode(", t(), "))"];
        case 20: return ["$type(", this.any(d), ")"];
        case 21: return [t(), " ~> ", [this.pick(["$uppercase", "$trim", "$substring(?, 1)", "$length", "$substringBefore(' ')", "$uppercase ~> $lowercase", "$contains('a')"])]];
        case 22: return ["$match(", t(), ", ", this.regex(), this.chance(20) ? ", 1" : "", ")", [this.pick(["", ".match", "[0].match", ".groups", ".index", "[0].groups[0]"])]];
        default: return this.leaf("text");
        }
    }

    boolean(depth) {
        const d = depth - 1;
        switch (this.below(14)) {
        case 0: case 1: return ["(", this.part("number", d), this.pick([" < ", " <= ", " > ", " >= ", " = ", " != "]), this.part("number", d), ")"];
        case 2: return ["(", this.part("text", d), this.pick([" < ", " <= ", " > ", " >= ", " = ", " != "]), this.part("text", d), ")"];
        case 3: return ["(", this.any(d), this.pick([" = ", " != "]), this.any(d), ")"];
        case 4: case 5: return ["(", this.part("boolean", d), this.pick([" and ", " or "]), this.part("boolean", d), ")"];
        case 6: return ["(", this.any(d), " in ", this.part("array", d), ")"];
        case 7: return [`$${this.pick(["not", "boolean", "exists"])}(`, this.any(d), ")"];
        case 8: return ["$contains(", this.part("text", d), ", ", this.chance(50) ? this.regex() : this.part("text", d), ")"];
        case 9: return ["$not(", this.part("boolean", d), ")"];
        default: return this.leaf("boolean");
        }
    }

    // A function of items; its body is of that kind.
    lambda(kind, depth, names = ["v", "i", "arr"]) {
        const used = names.slice(0, 1 + (this.chance(40) ? this.below(names.length) : 0));
        const kinds = used.map((name, index) => [name, name === "i" ? "number" : name === "arr" ? "array" : index === 0 ? "any" : "any"]);
        return [this.chance(90) ? "function(" : "λ(", used.map(n => `$${n}`).join(", "), "){", this.within(kinds, () => this.part(kind, depth - 1)), "}"];
    }

    array(depth) {
        const d = depth - 1;
        const a = () => this.part("array", d), n = () => this.part("number", d);
        switch (this.below(34)) {
        case 0: return ["[", ...this.list(() => this.any(d), 4), "]"];
        case 1: return ["[", [this.pick(["0", "1", "-2", "5"])], "..", [this.pick(["0", "3", "6", "-1"])], "]"];
        case 2: case 3: return ["$map(", a(), ", ", this.lambda(this.pick(["number", "text", "boolean", "object"]), d), ")"];
        case 4: case 5: return ["$filter(", a(), ", ", this.lambda("boolean", d), ")"];
        case 6: return ["$sort(", a(), this.chance(60) ? [", function($l, $r){", this.within([["l", "any"], ["r", "any"]], () => (this.chance(70) ? [`$l${this.pick(["", ".price", ".name"])} ${this.pick([">", "<"])} $r${this.pick(["", ".price", ".name"])}`] : this.part("boolean", d))), "}"] : [], ")"];
        case 7: return ["$append(", a(), ", ", this.any(d), ")"];
        case 8: return [`$${this.pick(["reverse", "distinct"])}(`, a(), ")"];
        case 9: return ["$zip(", ...this.list(a, 3), ")"];
        case 10: return ["$keys(", this.part("object", d), ")"];
        case 11: return ["$split(", this.part("text", d), ", ", this.chance(50) ? this.regex() : this.part("text", d), this.chance(30) ? [", ", [this.pick(["0", "1", "2", "10", "-1", "1.5"])]] : [], ")"];
        case 12: return ["$spread(", this.part(this.pick(["object", "array"]), d), ")"];
        case 13: return ["$each(", this.part("object", d), ", ", this.lambda(this.pick(["text", "number"]), d, ["v", "k"]), ")"];
        case 14: case 15: return ["(", a(), ")[", this.chance(50) ? this.part("boolean", d) : n(), "]"];
        case 16: return ["$match(", this.part("text", d), ", ", this.regex(), ")"];
        case 17: case 18: return this.sorted(d);
        case 19: return ["(", this.path(d), ")[]"];
        case 20: return ["$single(", a(), this.chance(80) ? [", ", this.lambda("boolean", d)] : [], ")"];
        case 21: return [a(), ".", ["(", this.any(d), ")"]];
        case 22: return [a(), " ~> $map(", this.lambda("number", d), ")"];
        case 23: return [a(), ".[", ...this.list(() => this.any(d), 2), "]"];
        case 24: case 25: return this.path(d);
        default: return this.leaf("array");
        }
    }

    sorted(depth) {
        const term = () => [this.pick(["", "<", ">"]), this.chance(70) ? [this.pick(["price", "name", "qty", "$", "a"])] : this.part(this.pick(["number", "text"]), depth - 1)];
        return [this.leaf("array"), "^(", ...this.list(term, 2), ")", this.chance(30) ? [this.pick([".name", "[0]", ".price", "[0..1]", "[-1]"])] : ""];
    }

    object(depth) {
        const d = depth - 1;
        switch (this.below(16)) {
        case 0: case 1: case 2: return ["{", ...this.list(() => [this.chance(80) ? [`"${this.pick(NAMES)}"`] : this.part("text", d), ": ", this.any(d)], 3), "}"];
        case 3: case 4: return [this.leaf(this.pick(["array", "path"])), "{", this.chance(70) ? [this.pick(["name", '"k"', "'p' & price", "a"])] : this.part("text", d), ": ", this.any(d), this.chance(20) ? [', "other": ', this.any(d)] : [], "}"];
        case 5: return ["$merge(", this.chance(50) ? ["[", ...this.list(() => this.part("object", d), 3), "]"] : this.part("array", d), ")"];
        case 6: return ["$sift(", this.part("object", d), ", ", this.lambda("boolean", d, ["v", "k", "o"]), ")"];
        case 7: case 8: return this.transform(d);
        case 9: return ["$lookup(", this.part(this.pick(["object", "array"]), d), ", ", [`"${this.pick(NAMES)}"`], ")"];
        case 10: return [this.leaf("array"), ["[0]"]];
        case 11: return ["(", this.part("object", d), ").", ["{", ...this.list(() => [[`"${this.pick(NAMES)}"`], ": ", this.any(d)], 2), "}"]];
        default: return this.leaf("object");
        }
    }

    transform(depth) {
        const location = [this.pick(["$", "items", "nested", "items[price > 2]", "**", "*", "items.nested"])];
        const update = this.chance(80) ? ["{", ...this.list(() => [[`"${this.pick(NAMES)}"`], ": ", this.any(depth - 1)], 2), "}"] : this.part("object", depth - 1);
        const removed = this.chance(40) ? [", ", this.chance(80) ? [this.pick(['"a"', '["name", "price"]', '"tags"', "[]"])] : this.any(depth - 1)] : [];
        return [this.part("object", depth - 1), " ~> |", location, "|", update, removed, "|"];
    }

    step(depth) {
        switch (this.below(14)) {
        case 0: case 1: case 2: case 3: return [this.pick(NAMES)];
        case 4: return ["*"];
        case 5: return ["**"];
        case 6: return [`\`${this.pick(NAMES)}\``];
        case 7: return ["(", this.any(depth - 1), ")"];
        case 8: return [`$${this.pick(["string", "count", "type", "keys", "exists", "uppercase", "number"])}(${this.pick(["$", "name", "price", "a"])})`];
        case 9: return [this.pick(['"name"', '"items"', "$", "$$.items", "%", "%.name"])];
        case 10: return ["{", ...this.list(() => [[`"${this.pick(NAMES)}"`], ": ", this.any(depth - 1)], 2), "}"];
        case 11: return ["[", ...this.list(() => this.any(depth - 1), 2), "]"];
        default: return [this.pick(["items", "nested", "price", "name", "tags"])];
        }
    }

    path(depth) {
        if (depth <= 0) return this.leaf("path");
        const parts = [[this.pick(["items", "items", "nested", "$", "$$", "a", "b", "*", "items.nested", "**"])]];
        const depthOfScope = this.scope.length;
        for (let count = this.below(4); count >= 0; count--) {
            const kind = this.below(12);
            if (kind <= 4) parts.push(".", this.step(depth - 1));
            else if (kind === 5) parts.push("[", this.part("boolean", depth - 1), "]");
            else if (kind === 6) parts.push("[", this.part("number", depth - 1), "]");
            else if (kind === 7) parts.push([this.pick(["[]", "[0]", "[-1]", "[[0..1]]", "[1]"])]);
            else if (kind === 8) parts.push(["^(", [this.pick(["price", ">price", "name", "<name, >price", "$"])], ")"]);
            else if (kind === 9) {
                const name = this.pick(["p", "q"]);
                parts.push(`@$${name}`, ".", this.step(depth - 1));
                this.scope.push({ name, kind: "any" });
            } else if (kind === 10) {
                const name = this.pick(["n", "m"]);
                parts.push(`#$${name}`);
                this.scope.push({ name, kind: "number" });
                parts.push(this.pick([".", "[0]."]), this.step(depth - 1));
            } else parts.push(".", this.step(depth - 1));
        }
        if (this.chance(10)) parts.push("{", [this.pick(["name", '"k"', "'p' & price"])], ": ", this.any(depth - 1), "}");
        this.scope.length = depthOfScope;
        return parts;
    }

    block(depth) {
        const before = this.scope.length, parts = ["("];
        for (let count = 1 + this.below(2); count > 0; count--) {
            const name = this.pick(["u", "w"]), kind = this.pick(["number", "text", "array", "object", "boolean"]);
            parts.push([`$${name} := `, this.part(kind, depth - 1)], "; ");
            this.scope.push({ name, kind });
        }
        parts.push(this.any(depth - 1), ")");
        this.scope.length = before;
        return parts;
    }

    condition(depth) {
        return ["(", this.part("boolean", depth - 1), " ? ", this.any(depth - 1), this.chance(70) ? [" : ", this.any(depth - 1)] : [], ")"];
    }

    // Of functions as values: lambdas called at once, partial application, composition, recursion.
    call(kind, depth) {
        const d = depth - 1;
        switch (this.below(6)) {
        case 0: return ["(", "function($x, $y){", this.within([["x", "number"], ["y", "any"]], () => this.part(kind, d)), "}(", ...this.list(() => this.part("number", d), 3), "))"];
        case 1: return ["($g := function($x)", [this.pick(["", "<n:n>", "<s:s>", "<x-:x>", "<a<n>:x>", "<(ns)?:x>", "<a-:x>", "<o:x>"])], "{", this.within([["x", "any"]], () => this.part(kind, d)), "}; $g(", this.any(d), "))"];
        case 2: return ["($h := $substring(?, ", [this.pick(["0", "1", "?"])], "); $h(", this.part("text", d), "))"];
        case 3: return ["($f := function($n){$n <= 1 ? ", this.part("number", d), " : $n * $f($n - 1)}; $f(", [this.pick(["0", "1", "3", "5"])], "))"];
        case 4: return ["(", this.part("text", d), " ~> ", [this.pick(["$uppercase", "$trim", "($length ~> $string)", "($string ~> $length)", "function($s){$s & $s}"])], ")"];
        default: return ["(", this.part("array", d), " ~> ", [this.pick(["$count", "$sum", "$sort", "$reverse ~> $join", "$map($string)", "$filter(function($v){$v > 1})", "$map(?, $uppercase)", "$join(?, '-')"])], ")"];
        }
    }

    within(variables, make) {
        const before = this.scope.length;
        for (const [name, kind] of variables) this.scope.push({ name, kind });
        const made = make();
        this.scope.length = before;
        return made;
    }

    list(make, most) {
        const parts = [];
        for (let count = this.below(most + 1); count > 0; count--) {
            if (parts.length > 0) parts.push(", ");
            parts.push(make());
        }
        return parts;
    }
}

export function textOf(tree) {
    return typeof tree === "string" ? tree : tree.map(textOf).join("");
}
