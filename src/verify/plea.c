/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of some kinds, one after the other, and phrases.
 */
#include "verify/plea.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "verify/fold.h"

#define WINDOW	 9 /* words behind the first */
#define STEPS	 4
#define WORD_MAX 24 /* longer ones are none of ours */

enum {
	IGNORE = 1 << 0,
	EARLIER = 1 << 1,
	ORDERS = 1 << 2,
	GIVE = 1 << 3,
	RATE = 1 << 4,
	THIS = 1 << 5,
	IT = 1 << 6,
	ANSWER = 1 << 7,
	BEST = 1 << 8,
	TEN = 1 << 9,
	MARK = 1 << 10,
	JUDGE = 1 << 11,
	GREET = 1 << 12,
	NOTE = 1 << 13,
	TO = 1 << 14,
	YOU = 1 << 15,
	ARE = 1 << 16,
	DESERVE = 1 << 17,
	SAY = 1 << 18,
	COPY = 1 << 19,
	NONCE = 1 << 20,
	THIS_ANSWER = 1 << 21, /* an ANSWER just behind a THIS */
	FILLER = 1 << 22,      /* is not counted */
};

/* Of each kind, words without accents; '*' stands for any end. */
static const struct kind {
	uint32_t kind;
	const char *words;
} kinds[] = {
	{IGNORE, "ignore disregard forget override bypass overrule discard "
		 "ignorier* vergiss vergesst missachte* ignorez oublie oubliez "
		 "ignora ignorad ignoren olvida olvide ignorate dimentica "
		 "esqueca negeer vergeet ignoruj* zignoruj* pomin ignorera "
		 "ignorer ignorati abaikan"},
	{EARLIER, "previous previously prior above earlier preceding foregoing "
		  "former all any your these those every system original "
		  "grading scoring initial other vorherig* bisherig* obig* "
		  "vorangegangen* alle deine ihre precedent* toutes tes vos "
		  "anterieur* anterior* previas previos todas todos tus sus "
		  "tutte tue suas vorige eerdere voorgaande bovenstaande "
		  "poprzedni* wszystkie wczesniejsz* predchoz* vsechny "
		  "tidigare alla foregaende tidligere toate sebelumnya semua"},
	{ORDERS, "instruc* instruk* prompt prompts rules rubric* guideline* "
		 "criteria directive* directions anweisung* vorgaben regeln "
		 "befehl* consignes regles reglas indicaciones istruzion* "
		 "regole regras regels polecen* zasady pokyn* anvisning* "
		 "petunjuk perintah"},
	{GIVE, "give assign award grant gib vergib vergebt erteile donne "
	       "donnez attribue attribuez accorde accordez mettez dale dele "
	       "otorga otorgue asigna asigne assegna assegnate atribua "
	       "atribui conceda geef daj przyznaj przydziel udel ge beri "
	       "berikan"},
	{RATE, "rate grade score mark bewerte* benote* notez califica "
	       "califique puntua valuta valutate avalie avalia beoordeel "
	       "ocen ohodnot* betygsatt nilai"},
	{THIS, "this it me my above following current proposed diese* cette "
	       "esta essa questa dit te tej teto ini denna"},
	{IT, "it this me my"},
	{ANSWER, "answer response reply solution submission output proposal "
		 "candidate assistant student completion antwort loesung "
		 "losung reponse respuesta solucion risposta soluzione "
		 "resposta solucao antwoord odpowiedz* odpoved* svar raspuns* "
		 "jawaban"},
	{BEST, "full maximum max maximal highest perfect top excellent correct "
	       "hochst* volle volle maximal* beste maxim* parfait* pleine "
	       "perfect* massim* hoogste maksymaln* najwyzsz* nejvyssi hogsta "
	       "tertinggi sempurna"},
	{TEN, "10 ten 100 zehn dix diez dieci dez tien dziesiec deset tio "
	      "sepuluh"},
	{MARK, "score grade mark marks rating credit note punktzahl "
	       "punkte bewertung puntuacion puntaje nota calificacion "
	       "punteggio voto pontuacao cijfer ocene znamku betyg "
	       "nilai skor"},
	{JUDGE, "judge judges grader graders evaluator evaluators verifier "
		"rater raters assessor examiner scorer prufer gutachter "
		"evaluateur correcteur evaluador evaluatore avaliador "
		"beoordelaar"},
	{GREET, "dear attention hello hey hi lieber cher estimado caro"},
	{NOTE, "note message instruc* notice memo reminder hinweis"},
	{TO, "to for"},
	{YOU, "you your"},
	{ARE, "are as role"},
	{DESERVE, "deserve deserves merits warrants verdient merite merece "
		  "merita"},
	{SAY, "output respond reply emit produce"},
	{COPY, "copy echo repeat kopiere copie copia"},
	{NONCE, "nonce"},
	{FILLER, "a an the with"},
};

/* One word after the other, each of any of these kinds, with `within` words
 * behind the first at most. */
static const struct rule {
	unsigned within;
	uint32_t steps[STEPS]; /* 0: no more */
} rules[] = {
	{7, {IGNORE, EARLIER, ORDERS}},
	{7, {IGNORE, ORDERS, EARLIER}},
	{9, {GIVE, THIS_ANSWER, BEST | TEN}},
	{6, {GIVE, TEN, TO, ANSWER}},
	{7, {GIVE, BEST, MARK}},
	{7, {GIVE, MARK, BEST}},
	{7, {RATE, THIS_ANSWER, BEST | TEN}},
	{5, {RATE, ANSWER, ARE, BEST | TEN}},
	{2, {RATE, IT, BEST | TEN}},
	{5, {DESERVE, BEST, MARK}},
	{2, {DESERVE, TEN}},
	{4, {SAY, MARK, TEN}},
	{3, {NOTE, TO, JUDGE}},
	{2, {GREET, JUDGE}},
	{4, {YOU, ARE, JUDGE}},
	{4, {COPY, NONCE}},
};

/* clang-format off */
/* Folded as they are compared; '|' ends one. */
static const char phrases[] =
	"you must rate|you must grade|must be graded|must be rated|"
	"must be accepted|accept this answer|accept this response|"
	"approve this answer|approve this response|mark this as correct|"
	"mark it as correct|mark this correct|treat this answer as|"
	"consider this answer|already been graded|already graded|"
	"been verified by|been approved by|new instructions|"
	"updated instructions|end of answer|end of the answer|"
	"end of response|end of conversation|end of the conversation|"
	"end of submission|end of proposed|end of prompt|begin conversation|"
	"begin answer|end answer|end conversation|start of conversation|"
	"system override|admin override|grading complete|grading is complete|"
	"grading is over|evaluation complete|do not grade|stop grading|"
	"the nonce is|"
	/* Turkish, Vietnamese, Hungarian, Finnish */
	"önceki talimatları|önceki tüm talimatları|tüm talimatları|"
	"talimatları yok say|talimatları görmezden gel|bu cevaba|bu yanıta|"
	"tam puan|bỏ qua tất cả|bỏ qua các hướng dẫn|bỏ qua hướng dẫn|"
	"bỏ qua mọi|điểm tối đa|hagyd figyelmen kívül|hagyja figyelmen kívül|"
	"maximális pont|unohda aiemmat|ohita aiemmat|ohita kaikki|"
	/* Cyrillic, Greek */
	"игнорируй|проигнорируй|забудь все|забудьте все|забудь предыдущие|"
	"забудьте предыдущие|не обращай внимания на|поставь этому ответу|"
	"поставьте этому ответу|оцени этот ответ|оцените этот ответ|"
	"оцени ответ на|высший балл|максимальный балл|максимальную оценку|"
	"высшую оценку|оценка 10|ігноруй|найвищий бал|игнорирай|αγνόησε|"
	"αγνοήστε|"
	/* Chinese, Japanese, Korean */
	"忽略之前|忽略以上|忽略先前|忽略前面|忽略所有|忽略上述|忽略上面|"
	"忽略此前|忽略你|无视之前|无视以上|无视所有|无视上述|無視之前|"
	"無視以上|無視所有|忽略先前的|忘记之前|忘记以上|忘記之前|满分|滿分|"
	"最高分|给这个回答|给这个答案|给该答案|给出10分|打10分|给10分|給10分|"
	"打十分|评分员|评分 10|得分 10|分数 10|指示を無視|指示は無視|"
	"指示をすべて無視|指示を全て無視|指示を忘れ|命令を無視|満点|最高得点|"
	"この回答に|この答えに|採点者|10点を|スコア 10|지시를 무시|"
	"지시를 모두 무시|지시사항을 무시|지시 사항을 무시|명령을 무시|"
	"지침을 무시|만점|최고 점수|이 답변에|10점을|점수 10|"
	/* Arabic, Hebrew, Persian, Hindi, Bengali, Thai */
	"تجاهل التعليمات|تجاهل جميع|تجاهل كل|أعط هذه الإجابة|الدرجة الكاملة|"
	"أعلى درجة|התעלם מכל|התעלם מההוראות|התעלמו|ציון מלא|نادیده بگیر|"
	"निर्देशों को अनदेखा|निर्देशों को नज़रअंदाज़|निर्देशों की अनदेखी|पूरे अंक|पूर्ण अंक|इस उत्तर को|"
	"নির্দেশাবলী উপেক্ষা|নির্দেশ উপেক্ষা|เพิกเฉยต่อคำสั่ง|ละเว้นคำสั่ง|คะแนนเต็ม|";

/* clang-format on */

#define N(list) (sizeof(list) / sizeof((list)[0]))

/* ---- what a text is looked through for, by its first byte ---------------- */

#define ENTRIES 640

struct entry {
	struct span text;
	uint32_t kind;
	const struct entry *next; /* of the same first byte */
};

struct index {
	struct entry v[ENTRIES];
	size_t n;
	const struct entry *by_first[256];
};

static void add(struct index *x, char first, struct span text, uint32_t kind)
{
	const struct entry **head = &x->by_first[(unsigned char)first];

	assert(x->n < ENTRIES);
	x->v[x->n] = (struct entry){text, kind, *head};
	*head = &x->v[x->n++];
}

/* The first of the list, which it is taken off. */
static struct span cut(const char **list, char end)
{
	struct span s = {*list, (size_t)(strchrnul(*list, end) - *list)};

	*list += s.n + ((*list)[s.n] == end);
	return s;
}

/* ---- words --------------------------------------------------------------- */

static bool is_word(struct span w, const struct entry *e)
{
	bool open = e->text.p[e->text.n - 1] == '*';
	size_t n = e->text.n - open;

	return (open ? w.n >= n : w.n == n) && memcmp(w.p, e->text.p, n) == 0;
}

static uint32_t kinds_of(const struct index *x, struct span w)
{
	const struct entry *e = x->by_first[(unsigned char)*w.p];
	uint32_t all = 0;

	for (; e; e = e->next)
		if (is_word(w, e))
			all |= e->kind;
	return all;
}

/* The next word of ASCII, without apostrophes, and the text behind it. n 0:
 * there is none. */
static struct span next_word(struct span *text, char room[WORD_MAX])
{
	const char *p = text->p, *end = p + text->n;
	size_t n = 0;

	while (p < end && (!fold_is_word(*p) || (unsigned char)*p >= 0x80))
		p++;
	for (; p < end && (unsigned char)*p < 0x80 &&
	       (fold_is_word(*p) || *p == '\'');
	     p++)
		if (*p != '\'' && n < WORD_MAX)
			room[n++] = *p;
	*text = (struct span){p, (size_t)(end - p)};
	return (struct span){room, n};
}

/* ahead: the kinds of a word and of those behind it. */
static bool obeys(const uint32_t ahead[WINDOW + 1], const struct rule *r)
{
	size_t step = 0;

	if (!(ahead[0] & r->steps[0]))
		return false;
	for (size_t i = 0; i <= r->within; i++) {
		if (!(ahead[i] & r->steps[step]))
			continue;
		if (++step == STEPS || !r->steps[step])
			return true;
	}
	return false;
}

static bool is_plea(const uint32_t ahead[WINDOW + 1])
{
	for (size_t i = 0; i < N(rules); i++)
		if (obeys(ahead, &rules[i]))
			return true;
	return false;
}

static bool shift_in(uint32_t ahead[WINDOW + 1], uint32_t kind)
{
	if (kind & ANSWER && ahead[WINDOW] & THIS)
		kind |= THIS_ANSWER;
	memmove(ahead, ahead + 1, WINDOW * sizeof(*ahead));
	ahead[WINDOW] = kind;
	return is_plea(ahead);
}

static void index_words(struct index *x)
{
	for (size_t i = 0; i < N(kinds); i++)
		for (const char *list = kinds[i].words; *list;) {
			struct span w = cut(&list, ' ');

			add(x, *w.p, w, kinds[i].kind);
		}
}

static bool has_words(struct span text)
{
	uint32_t ahead[WINDOW + 1] = {0}, kind;
	struct index x = {.n = 0};
	char room[WORD_MAX];
	struct span w;

	index_words(&x);
	while ((w = next_word(&text, room)).n > 0) {
		kind = kinds_of(&x, w);
		if (!(kind & FILLER) && shift_in(ahead, kind))
			return true;
	}
	for (int i = 0; i < WINDOW; i++)
		if (shift_in(ahead, 0))
			return true;
	return false;
}

/* ---- phrases ------------------------------------------------------------- */

/* Where words begin; in scripts that set none apart, everywhere. */
static bool may_begin(struct span text, size_t i)
{
	return fold_is_word(text.p[i]) &&
	       ((unsigned char)text.p[i] >= 0x80 || i == 0 ||
		!fold_is_word(text.p[i - 1]));
}

static bool begins_phrase(const struct index *x, struct span text)
{
	const struct entry *e = x->by_first[(unsigned char)*text.p];

	for (; e; e = e->next)
		if (fold_begins(text, e->text))
			return true;
	return false;
}

static bool has_phrase(struct span text)
{
	struct index x = {.n = 0};

	for (const char *list = phrases; *list;) {
		struct span p = cut(&list, '|');

		add(&x, fold_first(p), p, 0);
	}
	for (size_t i = 0; i < text.n; i++)
		if (may_begin(text, i) &&
		    begins_phrase(&x, (struct span){text.p + i, text.n - i}))
			return true;
	return false;
}

bool plea_in(struct span text)
{
	return has_words(text) || has_phrase(text);
}
