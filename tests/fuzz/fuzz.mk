# The sources each fuzz target needs, beside its own. One line a target.
FUZZ_sse = net/sse base/buf
FUZZ_doc := $(addprefix conf/, conf conf_read conf_entries conf_verify conf_judging \
	conf_rows conf_headers conf_keys conf_value conf_url conf_secret conf_near \
	conf_faults doc) $(addprefix base/, map mem buf err digest jtext)
FUZZ_reply = net/reply net/reply_body net/reply_head base/buf base/err
FUZZ_jscan = base/jscan base/jtext base/decimal base/buf
FUZZ_chat_edit = $(addprefix chat/, chat chat_reply chat_scan chat_ask \
	chat_check chat_edit chat_logprobs chat_replay chunk slices splice chat_error) \
	base/jscan base/jtext base/decimal base/mem base/buf
FINAL_ANSWER_FUZZ := $(addprefix verify/, final_answer passage prose number) \
	$(addprefix base/, jscan jtext decimal buf)
FUZZ_final_answer = $(FINAL_ANSWER_FUZZ)
FUZZ_comparator = $(addprefix verify/, comparator plain_words json_same \
	pattern) $(FINAL_ANSWER_FUZZ) base/mem base/err
FUZZ_record = ctl/record ctl/record_edit $(addprefix base/, mem buf err jscan jtext decimal)
FUZZ_verify_check_read = $(addprefix verify/, verify_check_read signal \
	token_stats verify_logprob verifier comparator plain_words json_same \
	pattern final_answer passage prose number) stat/tokens \
	$(addprefix chat/, chat chat_reply chat_scan) evt/loop evt/deadline \
	$(addprefix base/, mem buf err now jscan jtext decimal)
FUZZ_gather = net/sse $(addprefix chat/, gather gather_write chat chat_reply chat_scan) \
	base/jscan base/jtext base/decimal base/mem base/buf
FUZZ_chat_sample = $(addprefix chat/, chat_sample chat chat_scan splice) \
	base/fixed base/jscan base/jtext base/decimal base/mem base/buf
FUZZ_verify_http_read = verify/verify_http_read base/jscan base/jtext base/decimal base/buf
FUZZ_verify_judge_read = $(addprefix verify/, verify_judge_read suspect plea \
	fold) $(addprefix chat/, chat_judge chat chat_reply chat_scan) \
	$(addprefix base/, mem buf jscan jtext decimal)
