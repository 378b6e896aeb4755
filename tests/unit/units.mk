# The objects each unit test needs, beside its own file. One line a test.
UNIT_buf = base/buf
UNIT_err = base/err
UNIT_mem = base/mem
UNIT_map = base/map base/mem
UNIT_log = base/log base/err base/mem base/now
UNIT_digest = base/digest
UNIT_metric = base/metric base/map base/mem base/buf
UNIT_loop = evt/loop evt/deadline evt/signals base/err base/mem base/now
