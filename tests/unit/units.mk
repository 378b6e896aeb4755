# The objects each unit test needs, beside its own file. One line a test.
UNIT_buf = base/buf
