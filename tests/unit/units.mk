# The objects each unit test needs, beside its own file. One line a test.
UNIT_buf = base/buf
UNIT_err = base/err
UNIT_mem = base/mem
UNIT_map = base/map base/mem
UNIT_log = base/log base/err base/mem base/now
UNIT_digest = base/digest
UNIT_metric = base/metric base/fixed base/map base/mem base/buf
UNIT_loop = evt/loop evt/deadline evt/signals base/err base/mem base/now
UNIT_sse = net/sse base/buf
UNIT_http_guard = net/http_guard
HTTP_SERVER = net/http_server net/http_conn net/http_request net/http_answer \
	net/http_guard evt/loop evt/deadline $(addprefix base/, log err mem buf now)
UNIT_http_server = $(HTTP_SERVER)
UNIT_http_conn = $(HTTP_SERVER)
UNIT_http_request = $(HTTP_SERVER)
UNIT_http_answer = $(HTTP_SERVER)
UNIT_http_client = $(addprefix net/, http_client fetch_route fetch_conn fetch_pool pump reply reply_body reply_head) evt/loop evt/deadline base/err base/mem base/buf base/now
UNIT_doc = conf/doc base/map base/mem base/buf
UNIT_conf = conf/conf base/mem
UNIT_conf_read = $(addprefix conf/, conf conf_read conf_entries conf_verify \
	conf_rows conf_keys conf_value conf_url conf_secret conf_near \
	conf_faults doc) $(addprefix base/, map mem buf err digest)
UNIT_jscan = base/jscan base/jtext base/decimal base/buf
UNIT_http_tls = $(UNIT_http_client)
UNIT_db = store/db base/mem base/err
UNIT_ledger = store/ledger store/ledger_file store/db $(addprefix base/, fixed mem err log now metric map buf)
UNIT_reply_head = net/reply_head base/err
UNIT_policy = cascade/policy chat/fault
UNIT_fault = chat/fault
UNIT_route = api/route
UNIT_auth = api/auth base/digest
UNIT_price = chat/price base/fixed
UNIT_tokens = stat/tokens
UNIT_verify_rules = $(addprefix verify/, verify_rules verify_logprob verifier) stat/tokens $(addprefix chat/, chat_edit chat_logprobs chat_scan splice) evt/loop evt/deadline $(addprefix base/, mem buf err now jscan jtext decimal)
UNIT_chat = chat/chat chat/chat_reply chat/chat_scan base/jscan base/jtext base/decimal base/mem base/buf
UNIT_verify_logprob = $(addprefix verify/, verify_logprob verify_rules verifier) stat/tokens $(addprefix chat/, chat_edit chat_logprobs chat chat_reply chat_scan splice) evt/loop evt/deadline $(addprefix base/, mem buf err now jscan jtext decimal)
UNIT_chat_ask = $(addprefix chat/, chat_ask chat chat_scan splice) base/jscan base/jtext base/decimal base/mem base/buf
UNIT_roster = cascade/roster evt/loop evt/deadline $(addprefix base/, fixed err mem now metric map buf)
UNIT_chat_edit = $(addprefix chat/, chat_edit chat_logprobs chat chat_reply chat_scan splice) base/jscan base/jtext base/decimal base/mem base/buf
UNIT_chat_error = chat/chat_error chat/chat_scan base/jscan base/jtext base/decimal base/mem base/buf
UNIT_recorder = cascade/recorder chat/price store/ledger store/ledger_file store/db $(addprefix base/, fixed mem err log now metric map buf)
UNIT_chat_replay = $(addprefix chat/, chat_replay chunk slices chat_edit chat_logprobs chat_reply chat_scan splice) base/jscan base/jtext base/decimal base/mem base/buf
UNIT_fixed = base/fixed
UNIT_reply_body = net/reply_body base/err
UNIT_reply = net/reply net/reply_body net/reply_head base/buf base/err
UNIT_http_proxy = $(UNIT_http_client)
