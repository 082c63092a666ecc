# Prints the blocks of a Markdown file that are marked "tour" (```sh tour, ```text tour): with
# -v n=0 their number, with -v n=3 -v kind=sh the third command block, with kind=text what is
# expected of it (nothing where the block isn't followed by one).
/^```sh tour$/ { inside = "sh"; count++; next }
/^```text tour$/ { inside = "text"; next }
/^```/ { inside = ""; next }
inside == kind && count == n { print }
END { if (n == 0) print count + 0 }
