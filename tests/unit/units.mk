# The objects each unit test needs, beside its own file. One line a test.
UNIT_buf = base/buf
UNIT_err = base/err
UNIT_mem = base/mem
UNIT_map = base/map base/mem
UNIT_log = base/log base/err base/mem base/now
UNIT_digest = base/digest
UNIT_metric = base/metric base/map base/mem base/buf
UNIT_loop = evt/loop evt/deadline evt/signals base/err base/mem base/now
UNIT_sse = net/sse base/buf
UNIT_http_guard = net/http_guard
UNIT_http_server = net/http_server net/http_conn net/http_request net/http_answer net/http_guard evt/loop evt/deadline base/log base/err base/mem base/buf base/now
UNIT_http_client = $(addprefix net/, http_client fetch_route pump reply_head) evt/loop evt/deadline base/err base/mem base/buf base/now
UNIT_doc = conf/doc base/map base/mem base/buf
UNIT_conf = conf/conf base/mem
UNIT_conf_read = $(addprefix conf/, conf conf_read conf_entries conf_verify \
	conf_rows conf_keys conf_value conf_url conf_secret conf_near \
	conf_faults doc) $(addprefix base/, map mem buf err digest)
UNIT_jscan = base/jscan base/buf
