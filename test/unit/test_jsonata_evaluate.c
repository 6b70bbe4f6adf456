// The language: sequences, paths, bindings, grouping, functions, and its bounds.

#include "test/lib/test.h"
#include "test/unit/test_jsonata_support.h"

static const char orders[] =
    "{\"orders\":[{\"id\":1,\"lines\":[{\"sku\":\"a\",\"price\":2,\"qty\":3},"
    "{\"sku\":\"b\",\"price\":5,\"qty\":1}]},{\"id\":2,\"lines\":[{\"sku\":\"a\",\"price\":2,"
    "\"qty\":4}]}],\"empty\":[],\"nothing\":null}";

TEST(paths_map_and_flatten)
{
    CHECK_ANSWER("orders.lines.sku", orders, "[\"a\",\"b\",\"a\"]");
    CHECK_ANSWER("$sum(orders.lines.(price*qty))", orders, "19");
    CHECK_ANSWER("orders.[id, $count(lines)]", orders, "[[1,2],[2,1]]");
    CHECK_ANSWER("missing.path", orders, "undefined");
    CHECK_ANSWER("nothing", orders, "null");
}

TEST(a_single_result_stands_for_itself_unless_kept)
{
    CHECK_ANSWER("orders[id=2].id", orders, "2");
    CHECK_ANSWER("orders[id=2].id[]", orders, "[2]");
    CHECK_ANSWER("orders[id=3].id[]", orders, "undefined");
    CHECK_ANSWER("empty", orders, "[]");
}

TEST(predicates_take_positions_from_both_ends)
{
    CHECK_ANSWER("orders.lines[0].sku", orders, "[\"a\",\"a\"]");
    CHECK_ANSWER("(orders.lines)[-1].qty", orders, "4");
    CHECK_ANSWER("[1..5][[0,2]]", NULL, "[1,3]");
}

TEST(steps_bind_their_items_their_positions_and_their_parents)
{
    CHECK_ANSWER("orders@$o.lines#$i.{\"o\":$o.id,\"i\":$i}",
                 "{\"orders\":{\"id\":7},\"lines\":[1,2]}",
                 "[{\"o\":7,\"i\":0},{\"o\":7,\"i\":1}]");
    CHECK_ANSWER("orders.lines.{\"id\":%.id,\"sku\":sku}", orders,
                 "[{\"id\":1,\"sku\":\"a\"},{\"id\":1,\"sku\":\"b\"},{\"id\":2,\"sku\":\"a\"}]");
    CHECK_ANSWER("%.x", orders, "S0217");
}

TEST(objects_group_and_sequences_are_ordered)
{
    CHECK_ANSWER("orders.lines{sku: $sum(qty)}", orders, "{\"a\":7,\"b\":1}");
    CHECK_ANSWER("orders.lines^(>price, qty).qty", orders, "[1,3,4]");
    CHECK_ANSWER("{\"a\":1,\"a\":2}", NULL, "D1009");
}

TEST(transforms_change_a_copy)
{
    CHECK_ANSWER("orders[0] ~> |lines|{\"sum\":price*qty},[\"price\",\"qty\"]|", orders,
                 "{\"id\":1,\"lines\":[{\"sku\":\"a\",\"sum\":6},{\"sku\":\"b\",\"sum\":5}]}");
    CHECK_ANSWER("$ ~> |orders|5|", orders, "T2011");
}

TEST(functions_close_over_their_variables)
{
    CHECK_ANSWER("($add := function($a){function($b){$a+$b}}; $add(2)(3))", NULL, "5");
    CHECK_ANSWER("($half := $power(?, -1); $half(4))", NULL, "0.25");
    CHECK_ANSWER("(\" x \" ~> $trim ~> $uppercase)", NULL, "\"X\"");
    CHECK_ANSWER("($f := function($n)<n:n>{$n}; $f(\"1\"))", NULL, "T0410");
    CHECK_ANSWER("($sum := function($x){$x}; $sum(1))", NULL, "1");
}

TEST(results_that_are_no_json_are_refused)
{
    CHECK_ANSWER("$sum", NULL, "D1010");
    CHECK_ANSWER("[1, {\"f\": $sum}]", NULL, "D1010");
    CHECK_ANSWER("1/0", NULL, "D1001");
}

TEST(numbers_keep_integers_and_print_plainly)
{
    CHECK_ANSWER("1e3", NULL, "1000");
    CHECK_ANSWER("0.1+0.2 & \"\"", NULL, "\"0.3\"");
    CHECK_ANSWER("$string(1e21) & $string(1e-7)", NULL, "\"1e+211e-7\"");
    CHECK_ANSWER("x", "{\"x\":9007199254740993}", "9007199254740993");
}

TEST(tail_calls_take_no_stack_and_other_recursion_ends)
{
    CHECK_ANSWER("($f := function($n,$a){$n = 0 ? $a : $f($n-1,$a+$n)}; $f(100000,0))", NULL,
                 "5000050000");
    CHECK_ANSWER("($f := function($n){1 + $f($n+1)}; $f(0))", NULL, "U1001");
}

TEST(endless_work_ends_by_steps_time_and_memory)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(64));
    const struct jsonata_environment by_steps = {.steps_max = 10000};
    const struct jsonata_environment by_time = {.time_max_ms = 20};
    const char *endless = "($f := function(){$f()}; $f())";
    CHECK_STR(answer_within(&arena, str_from_c(endless), NULL, &by_steps), STR("U1001"));
    CHECK_STR(answer_within(&arena, str_from_c(endless), NULL, &by_time), STR("U1001"));
    arena_reset(&arena); // How much was used depends on how fast the machine is.
    CHECK_STR(answer_within(&arena, STR("[1..9999999]"), NULL, &by_time), STR("U1001"));
    arena_reset(&arena);
    CHECK_STR(
        answer_within(&arena, STR("$match($pad('', 40, 'a') & '!', /^(a+)+$/)"), NULL, &by_time),
        STR("U1001"));
}

TEST(hostile_expressions_end_in_their_errors_in_time)
{
    static const struct {
        const char *expression;
        const char *answer;
    } cases[] = {
        {"$pad('a', 1e9)", "U1001"},
        {"$pad('a', -1e300)", "U1001"},
        {"$range(1, 1e9, 1)", "D3152"},
        {"[1..1e9]", "D2014"},
        {"($f := function($s, $n){$n = 0 ? $s : $f($s & $s, $n - 1)}; $f('ab', 60))", "U1001"},
        {"$reduce([1..1000000], function($a, $b){$a & 'x'}, '')", "U1001"},
        {"$sort([1..1000000], function($a, $b){$a < $b})", "U1001"},
        {"$sort([3, 1, 2], function($a, $b){$error('x')})", "D3137"},
        {"$sort([1, 'a'], function($a, $b){$a > $b})", "T2009"},
        {"$replace($pad('', 200000, 'a'), 'a', $pad('', 1000, 'b'))", "U1001"},
        {"$replace('abc', /b/, function($m){1})", "D3012"},
        {"$replace('abc', /x*/, 'y')", "D1004"},
        {"$split('abc', /x*/)", "D1004"},
        {"$match('abc', /b*/)", "D1004"},
        {"$replace($pad('', 100000, 'ab'), /(?=(a|b)*c)/, '')", "U1001"},
        {"$match($pad('', 40, 'a') & '!', /^(a+)+$/)", "U1001"},
        {"($f := function($n){[$f($n + 1)]}; $f(0))", "U1001"},
        {"($c := function($f, $n){$n = 0 ? $f : $c($f ~> $f, $n - 1)}; $c($string, 60)(1))",
         "U1001"},
        {"$formatInteger(1e300, 'I')", "U1001"},
        {"$length($formatNumber(1e300, $pad('', 5000, '#') & '0'))", "301"},
        {"$count($distinct([1..100000]))", "100000"},
    };
    const struct jsonata_environment limits = {.time_max_ms = 5000, .steps_max = 1000000};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena CLEANUP(arena_release) arena;
        arena_init(&arena, MIB(64));
        struct str got = answer_within(&arena, str_from_c(cases[i].expression), NULL, &limits);
        CHECK_STR(got, str_from_c(cases[i].answer));
    }
}

TEST(results_nested_too_deeply_are_refused)
{
    CHECK_ANSWER("($f := function($n,$a){$n = 0 ? $a : $f($n-1,[$a])}; $count($f(400,1)))", NULL,
                 "1");
    CHECK_ANSWER("($f := function($n,$a){$n = 0 ? {\"a\":$a} : $f($n-1,{\"a\":$a})}; $f(2000,1))",
                 NULL, "U1001");
}

TEST(references_name_what_is_read_from_outside)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    const struct jsonata *jsonata;
    struct jsonata_error error;
    const char *text = "($y := $x.a; $sum($states.input.items) + $y)";
    CHECK(jsonata_compile(&arena, str_from_c(text), &jsonata, &error) == STATUS_OK);
    size_t found = 0;
    for (size_t i = 0; i < jsonata_reference_count(jsonata); i++) {
        const struct jsonata_reference *reference = jsonata_reference_get(jsonata, i);
        if (str_is(reference->name, "x")) found += !reference->is_bound;
        if (str_is(reference->name, "y")) found += reference->is_bound;
        if (str_is(reference->name, "sum")) found += reference->is_function;
        if (str_is(reference->name, "states"))
            found += reference->step_count == 2 && str_is(reference->steps[0], "input");
    }
    CHECK(found == 4);
}

TEST(errors_say_what_and_where)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    const struct jsonata *jsonata;
    struct jsonata_error error;
    CHECK(jsonata_compile(&arena, STR("[1, 2"), &jsonata, &error) == STATUS_INVALID);
    CHECK_STR(error.message, STR("Expected \"]\" before end of expression"));
    CHECK(jsonata_compile(&arena, STR("1 + $f()"), &jsonata, &error) == STATUS_OK);
    struct jsonata_environment environment = {0};
    struct json value;
    CHECK(jsonata_evaluate(jsonata, &environment, &arena, &value, &error) == STATUS_INVALID);
    CHECK_STR(error.message, STR("Attempted to invoke a non-function"));
    CHECK_STR(error.token, STR("f"));
    CHECK(error.position == 7);
}
