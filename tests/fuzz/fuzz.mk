# The sources each fuzz target needs, beside its own. One line a target.
FUZZ_sse = net/sse base/buf
FUZZ_doc := $(addprefix conf/, conf conf_read conf_entries conf_verify \
	conf_rows conf_keys conf_value conf_url conf_secret conf_near \
	conf_faults doc) $(addprefix base/, map mem buf err digest)
FUZZ_reply = net/reply net/reply_body net/reply_head base/buf base/err
FUZZ_jscan = base/jscan base/jtext base/decimal base/buf
FUZZ_chat_edit = $(addprefix chat/, chat chat_reply chat_scan chat_ask \
	chat_edit chat_logprobs chat_replay chunk slices splice chat_error) \
	base/jscan base/jtext base/decimal base/mem base/buf
