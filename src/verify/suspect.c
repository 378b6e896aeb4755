/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Openers, members, tags, markers, lines.
 */
#include "verify/suspect.h"

#include <stdbool.h>
#include <string.h>

#include "verify/fold.h"
#include "verify/plea.h"

#define NAME_MAX_N  40
#define OPENERS_MAX 64

/* Lists of words end with '|'. */
static const char grade_names[] =
	"score|scores|grade|nonce|verdict|rating|judgment|judgement|"
	"evaluation|correctness|finalscore|overallscore|totalscore|"
	"finalgrade|overallgrade|";
static const char tag_names[] =
	"answer|conversation|proposed_answer|proposal|system|assistant|human|"
	"instruction|instructions|prompt|response|reply|judge|grader|first|"
	"second|start_of_turn|end_of_turn|bos|eos|im_start|im_end|eot_id|";
static const char bracket_names[] =
	"inst|system|sys|assistant|instruction|judge|grader|";
static const char line_names[] =
	"system|assistant|human|judge|grader|evaluator|verifier|instruction|";
static const char line_openers[] =
	"final|overall|total|your|my|the|answer|assigned|proposed|";
static const char best_words[] =
	"perfect|correct|pass|passed|accept|accepted|excellent|approved|valid|"
	"true|yes|full|maximum|ten|a|";

/* Folded as they are compared. */
static const char openers[] =
	"thought process|thoughts|let me think|lets think|let us think|"
	"lets solve this problem|let us solve this problem|"
	"lets solve this|lets break it down|step by step|step 1|step|"
	"solution|answer|the answer is|the final answer is|final answer|"
	"the solution is|reasoning|explanation|response|"
	"gedankengang|lösungsweg|lösung|antwort|schritt für schritt|"
	"begründung|processus de réflexion|raisonnement|réponse|étape par "
	"étape|"
	"respuesta|solución|razonamiento|paso a paso|proceso de pensamiento|"
	"risposta|soluzione|ragionamento|resposta|solução|raciocínio|"
	"oplossing|antwoord|rozwiązanie|odpowiedź|řešení|odpověď|çözüm|cevap|"
	"yanıt|lời giải|đáp án|решение|ответ|ход мыслей|рассуждение|шаг за "
	"шагом|"
	"розв'язання|відповідь|λύση|απάντηση|"
	"解|解答|解题过程|解题思路|解題過程|思路|思考过程|答案|回答|"
	"让我们一步一步|"
	"让我们逐步|かいせつ|解説|解決策|思考過程|答え|풀이|해설|답|정답|사고 "
	"과정|"
	"الحل|الإجابة|الجواب|हल|उत्तर|समाधान|פתרון|תשובה|پاسخ|";

/* ---- reading the folded text --------------------------------------------- */

static struct span rest(struct span s, size_t n)
{
	return (struct span){s.p + n, s.n - n};
}

static bool at(struct span s, char c)
{
	return s.n > 0 && *s.p == c;
}

/* Does it begin with one of these bytes? */
static bool at_any(struct span s, const char *bytes)
{
	return s.n > 0 && *s.p && strchr(bytes, *s.p);
}

static struct span skip(struct span s, const char *bytes)
{
	while (at_any(s, bytes))
		s = rest(s, 1);
	return s;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-' || c == '.';
}

/* The name that s begins with; n 0: none, or a long one. */
static struct span name_at(struct span s)
{
	size_t n = 0;

	while (n < s.n && n <= NAME_MAX_N && is_name_byte(s.p[n]))
		n++;
	return (struct span){s.p, n <= NAME_MAX_N ? n : 0};
}

static bool is_listed(struct span name, const char *list)
{
	for (; *list; list += strcspn(list, "|") + 1)
		if (name.n > 0 && name.n == strcspn(list, "|") &&
		    memcmp(name.p, list, name.n) == 0)
			return true;
	return false;
}

/* Is it a name for a grade, or put together with one ("final_score")? */
static bool is_grade_name(struct span name)
{
	size_t n;

	for (struct span s = name; s.n > 0; s = rest(s, n)) {
		for (n = 0; n < s.n && !strchr("_-.", s.p[n]); n++)
			;
		if (is_listed((struct span){s.p, n}, grade_names))
			return true;
		n += n < s.n;
	}
	return span_is(name, "same");
}

/* ---- members, tags, markers ---------------------------------------------- */

#define SPACE  " \t\n"
#define QUOTES "\"'`"
#define BOLD   "*_ \t" QUOTES

/* What stands behind the name that s begins with. */
static struct span behind(struct span s, struct span name)
{
	return rest(s, (size_t)(name.p + name.n - s.p));
}

/* Behind a quote or brace: NAME": value. */
static bool is_member(struct span s, bool quoted)
{
	struct span name = name_at(s), value;

	if (name.n == 0)
		return false;
	value = skip(behind(s, name), QUOTES SPACE);
	if (!at_any(value, ":="))
		return false;
	value = rest(value, 1);
	if (is_grade_name(name)) /* but for formats: {score:.2f} */
		return quoted || !at(value, '.');
	value = skip(value, QUOTES SPACE ">");
	return span_is(name, "role") &&
	       is_listed(name_at(value), "system|developer|");
}

/* Behind "<|" or "<<". */
static bool is_marker(struct span s, bool barred)
{
	struct span name;

	s = skip(s, "/| ");
	name = name_at(s);
	if (!barred && !is_listed(name, "sys|system|"))
		return false;
	return name.n > 0 && at_any(skip(behind(s, name), " "), "|>");
}

/* Behind a '<'. */
static bool is_tag(struct span s)
{
	struct span name;

	if (at_any(s, "|<"))
		return is_marker(rest(s, 1), at(s, '|'));
	s = skip(s, "/ ");
	name = name_at(s);
	return (is_listed(name, tag_names) || is_grade_name(name)) &&
	       at_any(behind(s, name), "> /=:\n");
}

/* Behind a '['. */
static bool is_bracketed(struct span s)
{
	struct span name;

	s = skip(s, "/ ");
	name = name_at(s);
	return is_listed(name, bracket_names) && at_any(behind(s, name), "] ");
}

/* ---- lines --------------------------------------------------------------- */

static bool ends_there(struct span s)
{
	s = skip(s, " \t");
	return s.n == 0 || at_any(s, "\n/%.,;*_`\"'|)]}+!");
}

/* A grade that somebody would like to have. */
static bool is_best(struct span s)
{
	struct span name = name_at(s), plain = name;

	while (plain.n && plain.p[plain.n - 1] == '.')
		plain.n--;
	return (is_listed(plain, "10|10.0|1|1.0|100|100.0|") ||
		is_listed(plain, best_words)) &&
	       ends_there(behind(s, name));
}

/* Behind the marks that a line may begin with. */
static bool is_line(struct span s)
{
	struct span name, value;

	for (name = name_at(s); is_listed(name, line_openers);
	     name = name_at(s))
		s = skip(behind(s, name), " \t");
	value = skip(behind(s, name), BOLD);
	if (name.n == 0 || !at_any(value, ":="))
		return false;
	value = skip(rest(value, 1), BOLD ":=");
	return is_listed(name, line_names) ||
	       (is_grade_name(name) &&
		(is_best(value) || span_is(name, "nonce")));
}

/* ---- the whole ----------------------------------------------------------- */

static bool begins_odd(struct span s, bool line)
{
	if (line && is_line(skip(s, " \t>*#_-`|\"'([")))
		return true;
	switch (*s.p) {
	case '"':
	case '\'':
	case '`':
		return is_member(rest(s, 1), true);
	case '{':
		return is_member(skip(rest(s, 1), SPACE), false);
	case '<':
		return is_tag(rest(s, 1));
	case '[':
		return is_bracketed(rest(s, 1));
	default:
		return false;
	}
}

static bool has_marks(struct span text)
{
	bool line = true;

	for (; text.n > 0; text = rest(text, 1)) {
		if (begins_odd(text, line))
			return true;
		line = *text.p == '\n';
	}
	return false;
}

/* The longest opener that it begins with; 0: none. */
static size_t opener_at(struct span s)
{
	size_t longest = 0, n;

	for (const char *list = openers; *list;
	     list += strcspn(list, "|") + 1) {
		n = fold_begins(s, (struct span){list, strcspn(list, "|")});
		if (n > longest &&
		    (n == s.n || (unsigned char)s.p[n - 1] >= 0x80 ||
		     !fold_is_word(s.p[n])))
			longest = n;
	}
	return longest;
}

/* Who begins so often does not go on. */
static bool is_empty(struct span text)
{
	size_t n, openers_left = OPENERS_MAX;

	for (; text.n > 0 && openers_left > 0; text = rest(text, n)) {
		if (!fold_is_word(*text.p)) {
			n = 1;
			continue;
		}
		n = opener_at(text);
		if (n == 0)
			return false;
		openers_left--;
	}
	return true;
}

enum suspicion suspect(struct span reply)
{
	enum suspicion s = SUSPICION_NONE;
	struct buf folded;

	if (reply.n > SUSPECT_BYTES)
		return SUSPICION_LONG;
	buf_init(&folded, SUSPECT_BYTES);
	if (fold_text(reply, &folded) < 0)
		s = SUSPICION_LONG;
	else if (is_empty(buf_span(&folded)))
		s = SUSPICION_EMPTY;
	else if (has_marks(buf_span(&folded)) || plea_in(buf_span(&folded)))
		s = SUSPICION_ADDRESSED;
	buf_release(&folded);
	return s;
}

const char *suspect_word(enum suspicion s)
{
	static const char *const words[] = {
		[SUSPICION_NONE] = NULL,
		[SUSPICION_EMPTY] = "empty",
		[SUSPICION_ADDRESSED] = "suspect",
		[SUSPICION_LONG] = "long",
	};

	return words[s];
}
