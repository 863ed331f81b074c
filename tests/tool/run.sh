#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/tool/run.sh [--vm]
#
# Tests the softsgx command on this machine; with --vm also what it does in the
# micro-VM. The last line is "N passed, N failed".

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/tests/tool
tool=$top/build/tool/softsgx
hello=$top/build/examples/hello_enclave.elf
key=$top/build/examples/key.pem
# script(1) takes the shell of SHELL, which a continuous integration may not set.
export LC_ALL=C.UTF-8 TERM=dumb SHELL=/bin/bash
# The secret of these tests, not the user's.
export XDG_DATA_HOME=$out/data
unset SOURCE_DATE_EPOCH

vm=
case ${1-} in
'') ;;
--vm) vm=yes ;;
*) sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

make --no-print-directory -s -C "$top/tool"
make --no-print-directory -s -C "$top/examples"
selftests=$("$top/tests/selftests/run.sh" --build)
rm -rf "$out"
mkdir -p "$out"
cd "$out"

passed=0
failed=0

ok() {
	passed=$((passed + 1))
}

bad() {
	failed=$((failed + 1))
	echo "  FAILED: $1"
	[ ! -s stdout ] || sed 's/^/    out: /' stdout | head -n 12
	[ ! -s stderr ] || sed 's/^/    err: /' stderr | head -n 12
}

# t NAME STATUS TEXT COMMAND...: COMMAND ends with STATUS, and says TEXT on
# standard output or error. What is wrong with a file is said in one line.
t() {
	local name=$1 want=$2 text=$3 status=0
	shift 3
	"$@" >stdout 2>stderr </dev/null || status=$?
	if [ "$status" -ne "$want" ]; then
		bad "$name: status $status, not $want"
	elif [ -n "$text" ] && ! grep -qF -- "$text" stdout stderr; then
		bad "$name: it does not say '$text'"
	elif [[ $want =~ ^(3|4|125)$ ]] && [ "$(wc -l <stderr)" -ne 1 ]; then
		bad "$name: not one line of complaint"
	else
		ok
	fi
}

same() {
	if cmp -s "$2" "$3"; then ok; else bad "$1: $2 and $3 differ"; fi
}

# patch FILE OFFSET BYTES: writes bytes (printf's notation) into a copy's place.
patch() {
	printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

echo "the selftests' signer"
source=$("$top/tests/linux-source.sh")
gcc -Wall -Wextra -Werror -I"$source/tools/include" \
	-I"$source/tools/testing/selftests/sgx" -o signer \
	"$top/tests/tool/signer.c" \
	"$selftests"/{load,sigstruct,sign_key}.o \
	-Wl,--wrap=open,--wrap=stat -Wl,-z,noexecstack -lcrypto
for heap in 4096 65536 0x100000; do
	./signer "$selftests/test_encl.elf" "$heap" >theirs.sig
	t "sign with heap $heap" 0 '' "$tool" sign --tcs-first --heap "$heap" \
		--key "$source/tools/testing/selftests/sgx/sign_key.pem" \
		--date 00000000 --attribute-mask 0 --xfrm-mask 0 --misc-mask 0 \
		"$selftests/test_encl.elf" -o ours.sig
	same "SIGSTRUCT with heap $heap" theirs.sig ours.sig
done

echo "measure, convert"
t "convert" 0 '' "$tool" convert "$hello" -o hello.sgxs
sum=$(sha256sum <hello.sgxs)
t "MRENCLAVE of ELF" 0 "${sum%% *}  $hello" "$tool" measure "$hello"
t "MRENCLAVE of SGXS" 0 "${sum%% *}" "$tool" measure hello.sgxs
t "MRENCLAVE from a pipe" 0 "${sum%% *}  -" sh -c "'$tool' measure - <hello.sgxs"
t "JSON" 0 "${sum%% *}" "$tool" measure --json hello.sgxs "$hello"
cp stdout json
t "JSON is JSON" 0 '28 28' python3 -c 'import json
print(*[e["pages"] for e in json.load(open("json"))])'
t "size" 0 '' "$tool" measure --size 1M "$hello"
t "size too small" 3 'power of two, and at least 0x20000' "$tool" measure --size 64K "$hello"
t "all files are tried" 4 "${sum%% *}" "$tool" measure none hello.sgxs

echo "sign"
t "sign" 0 '' "$tool" sign -k "$key" "$hello" -o one.sig --kss --svn 3 --prodid 0x11
t "its fields" 0 'ISVPRODID    17' "$tool" inspect one.sig
t "its signature" 0 'signature    good' "$tool" inspect one.sig
t "its attributes" 0 '0x84 (MODE64BIT KSS)' "$tool" inspect one.sig
t "payload" 0 '' "$tool" sign "$hello" --payload payload --kss --svn 3 --prodid 0x11
openssl rsa -in "$key" -pubout -out public.pem 2>/dev/null
openssl dgst -sha256 -sign "$key" -out signature payload
t "finish" 0 '' "$tool" sign --from payload --signature signature -k public.pem -o two.sig
same "two steps" one.sig two.sig
t "finish, checked against the enclave" 0 '' "$tool" sign "$hello" --from payload --signature signature -k public.pem -o two.sig
t "finish, another enclave" 1 'SGX_INVALID_MEASUREMENT' "$tool" sign "$hello" --size 1M --from payload --signature signature -k public.pem -o no.sig
openssl genrsa -3 -out other.pem 3072 2>/dev/null
t "finish, another key" 1 'not a signature of these bytes' "$tool" sign --from payload --signature signature -k other.pem -o no.sig
t "finish with a public key only" 1 'a public key cannot sign' "$tool" sign "$hello" -k public.pem -o no.sig
openssl genrsa -out e65537.pem 3072 2>/dev/null
openssl genrsa -3 -out small.pem 2048 2>/dev/null
t "exponent" 3 'exponent of the key is not 3' "$tool" sign "$hello" -k e65537.pem -o no.sig
t "key size" 3 'not an RSA key of 3072 bits' "$tool" sign "$hello" -k small.pem -o no.sig
t "no key" 3 'no key in PEM' "$tool" sign "$hello" -k "$hello" -o no.sig
openssl rsa -in "$key" -aes128 -passout pass:secret -out enc.pem 2>/dev/null
openssl rsa -in "$key" -aes128 -passout pass:secret -traditional -out old.pem 2>/dev/null
printf 'secret\nmore\n' >secret
echo 'wrong' >not-secret
for pem in enc.pem old.pem; do
	t "$pem" 0 '' "$tool" sign "$hello" -k $pem --passphrase-file secret --kss --svn 3 --prodid 0x11 -o enc.sig
	same "$pem" one.sig enc.sig
	rm enc.sig
	t "$pem, wrong passphrase" 3 "$pem: wrong passphrase, or damaged" "$tool" sign "$hello" -k $pem --passphrase-file not-secret -o no.sig
	t "$pem, no terminal" 4 "$pem: the key has a passphrase, and there is no terminal" setsid -w "$tool" sign "$hello" -k $pem -o no.sig
done
t "passphrase from a pipe" 0 '' sh -c "echo secret | '$tool' sign '$hello' -k enc.pem --passphrase-file - -o enc.sig"
t "passphrase and no key" 2 'is for --key' "$tool" sign "$hello" --passphrase-file secret -o no.sig
t "no passphrase file" 4 'none: cannot be opened' "$tool" sign "$hello" -k enc.pem --passphrase-file none -o no.sig
t "passphrase for nothing" 0 '' "$tool" sign "$hello" -k "$key" --passphrase-file secret -o enc.sig
t "passphrase at the terminal" 0 '' "$top/tests/tool/passphrase.py" secret 0 "$tool" sign "$hello" -k enc.pem -o enc.sig
t "wrong passphrase at the terminal" 0 'enc.pem: wrong passphrase, or damaged' "$top/tests/tool/passphrase.py" wrong 3 "$tool" sign "$hello" -k enc.pem -o no.sig
openssl rsa -in "$key" -outform DER -out key.der 2>/dev/null
t "DER" 3 'key.der: no key in PEM: of one in DER, openssl rsa -inform DER' "$tool" sign "$hello" -k key.der -o no.sig
openssl req -x509 -key "$key" -subj /CN=signer -out cert.pem
t "a certificate" 3 'cert.pem: a certificate, not a key: openssl x509 -pubkey' "$tool" sign "$hello" -k cert.pem -o no.sig
cat cert.pem "$key" >both.pem
t "a certificate and a key" 0 '' "$tool" sign "$hello" -k both.pem -o enc.sig
# The private key signs, wherever it is, with its passphrase.
for pem in "$key" enc.pem old.pem; do
	for order in "public.pem $pem" "$pem public.pem" "cert.pem public.pem $pem"; do
		# shellcheck disable=SC2086
		cat $order >both.pem
		t "keys: $order" 0 '' "$tool" sign "$hello" -k both.pem --passphrase-file secret --kss --svn 3 --prodid 0x11 -o enc.sig
		same "keys: $order" one.sig enc.sig
		rm -f enc.sig
	done
done
cat public.pem enc.pem >both.pem
t "keys: wrong passphrase" 3 'both.pem: wrong passphrase, or damaged' "$tool" sign "$hello" -k both.pem --passphrase-file not-secret -o no.sig
cat cert.pem public.pem >both.pem
t "keys: a certificate and a public key" 1 'a public key cannot sign' "$tool" sign "$hello" -k both.pem -o no.sig
t "a directory for a key" 4 '/tmp: cannot be read: Is a directory' "$tool" sign "$hello" -k /tmp -o no.sig
sed 5d "$key" >damaged.pem
t "a damaged key" 3 'PRIVATE KEY cannot be read' "$tool" sign "$hello" -k damaged.pem -o no.sig
t "a key from a pipe" 0 '' sh -c "'$tool' sign '$hello' -k - -o enc.sig <'$key'"
t "short signature" 3 'a signature has 384 bytes, this file 256' "$tool" sign --from payload --signature payload -k public.pem -o no.sig
t "XFRM beyond the SSA frame" 1 'ECREATE' "$tool" sign "$hello" -k "$key" --xfrm 0x600e7 -o no.sig
t "family without KSS" 1 'without KSS' "$tool" sign "$hello" -k "$key" --family-id 00112233445566778899aabbccddeeff -o no.sig
t "reproducible" 0 'DATE         2001-09-09' sh -c "SOURCE_DATE_EPOCH=1000000000 '$tool' sign '$hello' -k '$key' -o date.sig && '$tool' inspect date.sig"
head -c 256 /dev/urandom >noise
openssl dgst -sha256 -sign "$key" -out noise.signature noise
t "finish, other bytes" 1 'at 0x0: not the header of a SIGSTRUCT' "$tool" sign --from noise --signature noise.signature -k public.pem -o no.sig
cp payload wrong
patch wrong 24 '\x02'
openssl dgst -sha256 -sign "$key" -out wrong.signature wrong
t "finish, another header" 1 'not the second header' "$tool" sign --from wrong --signature wrong.signature -k public.pem -o no.sig
t "not octal" 0 'ISVSVN       10' sh -c "'$tool' sign '$hello' -k '$key' --svn 010 -o svn.sig && '$tool' inspect svn.sig"
t "not octal, again" 0 'ISVSVN       8' sh -c "'$tool' sign '$hello' -k '$key' --svn 08 -o svn.sig && '$tool' inspect svn.sig"
t "hexadecimal" 0 'ISVSVN       26' sh -c "'$tool' sign '$hello' -k '$key' --svn 0x1A -o svn.sig && '$tool' inspect svn.sig"
t "hexadecimal without digits" 2 "takes a number up to 0xffff, not '0x'" "$tool" sign "$hello" -k "$key" --svn 0x -o no.sig
for epoch in abc '' 1x -1 ' 1' 253402300800 999999999999 99999999999999999999; do
	t "SOURCE_DATE_EPOCH '$epoch'" 2 'SOURCE_DATE_EPOCH takes seconds' env SOURCE_DATE_EPOCH="$epoch" "$tool" sign "$hello" -k "$key" -o no.sig
done
t "SOURCE_DATE_EPOCH and --date" 0 '' env SOURCE_DATE_EPOCH=abc "$tool" sign "$hello" -k "$key" --date 20240229 -o date.sig
t "the last SOURCE_DATE_EPOCH" 0 'DATE         9999-12-31' sh -c "SOURCE_DATE_EPOCH=253402300799 '$tool' sign '$hello' -k '$key' -o date.sig && '$tool' inspect date.sig"
for date in 20269999 20230229 20260431 20260010 20260100 00000001; do
	t "--date $date" 2 'takes a day' "$tool" sign "$hello" -k "$key" --date $date -o no.sig
done
t "cannot write" 4 'cannot be created' "$tool" sign "$hello" -k "$key" -o /nowhere/x
if [ -e no.sig ]; then bad "a refused SIGSTRUCT was written"; else ok; fi

echo "what is written"
cp "$hello" over.elf
cp "$key" over.pem
ln over.pem linked.pem
ln -s over.pem symbolic.pem
over() {
	t "over an input: $1" 2 'would be overwritten' "$tool" "${@:2}"
	same "over an input: $1" "$hello" over.elf
	same "over an input: $1" "$key" over.pem
}
over "key" sign over.elf -k over.pem -o over.pem
over "key by a link" sign over.elf -k over.pem -o linked.pem
over "key by a symbolic link" sign over.elf -k symbolic.pem -o over.pem
over "enclave" sign over.elf -k over.pem -o over.elf
over "enclave by its payload" sign over.elf --payload ./over.elf
over "passphrase" sign over.elf -k over.pem --passphrase-file over.pem -o over.pem
over "payload" sign --from payload --signature signature -k public.pem -o payload
over "signature" sign --from payload --signature signature -k public.pem -o signature
over "stream" convert over.elf -o over.elf
t "over an input: standard input" 2 'would be overwritten' sh -c "'$tool' convert - -o over.elf <over.elf"
over "picture" inspect over.elf --svg over.elf
t "input and output, not a file" 0 '' sh -c "'$tool' convert - -o /dev/stdout <over.elf | cat >out.sgxs"
same "input and output, not a file" hello.sgxs out.sgxs
# A SIGSTRUCT that is in use is replaced, or stays.
cp two.sig used.sig
chmod 640 used.sig
exec 7<used.sig
t "replaced" 0 '' "$tool" sign -k "$key" "$hello" -o used.sig
cat <&7 >was.sig
exec 7<&-
same "replaced: what others have open" two.sig was.sig
t "replaced: mode" 0 640 stat -c %a used.sig
t "new: mode" 0 604 sh -c "umask 062; '$tool' sign -k '$key' '$hello' -o mode.sig; stat -c %a mode.sig"
cp used.sig was.sig
t "no room" 4 'used.sig: cannot be written: File too large' sh -c "trap '' XFSZ
	ulimit -f 1; '$tool' sign -k '$key' '$hello' --svn 9 -o used.sig"
same "no room: as it was" was.sig used.sig
ln -s used.sig link.sig
t "through a symbolic link" 0 '' "$tool" sign -k "$key" "$hello" --svn 9 -o link.sig
t "through a symbolic link: the file" 0 'ISVSVN       9' "$tool" inspect used.sig
t "through a symbolic link: the link" 0 used.sig readlink link.sig
t "no room for nothing" 4 'cannot be written: No space' "$tool" sign -k "$key" "$hello" -o /dev/full
# The ACL user::rw-,user:12:rw-,group::---,mask::rw-,other::---.
acl=0200000001000600ffffffff020006000c00000004000000ffffffff10000600ffffffff20000000ffffffff
# attribute FILE NAME HEX: gives FILE an extended attribute; 1, and a word, if it
# cannot have it here.
attribute() {
	python3 -c 'import errno, os, sys
try:
    os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))
except OSError as e:
    # A label takes a privilege, and SELinux takes those that it knows.
    none = [errno.ENOTSUP]
    if sys.argv[2] == "security.selinux":
        none += [errno.EPERM, errno.EINVAL]
    if e.errno not in none:
        raise
    print("  skipped:", sys.argv[2], "cannot be set here:", e.strerror)
    sys.exit(1)' "$@"
}
# attributes FILE: its mode and extended attributes
attributes() {
	python3 -c 'import os, sys
print(oct(os.stat(sys.argv[1]).st_mode))
for name in sorted(os.listxattr(sys.argv[1])):
    print(name, os.getxattr(sys.argv[1], name).hex())' "$1"
}
# kept NAME FILE: FILE is written, and its attributes are as they were.
kept() {
	attributes "$2" >attributes.was
	t "$1" 0 '' "$tool" sign -k "$key" "$hello" --svn 7 -o "$2"
	t "$1: written" 0 'ISVSVN       7' "$tool" inspect "$2"
	attributes "$2" >attributes.is
	same "$1: what it had" attributes.was attributes.is
}
for name in system.posix_acl_access user.note; do
	cp two.sig attribute.sig
	chmod 660 attribute.sig
	if attribute attribute.sig $name $acl; then
		kept "$name" attribute.sig
	fi
	rm attribute.sig
done
# A label does not keep a file from being replaced.
cp two.sig label.sig
if attribute label.sig security.selinux "$(printf 'user_u:object_r:etc_t:s0\0' | od -An -v -tx1 | tr -d ' \n')"; then
	exec 7<label.sig
	kept "an SELinux label" label.sig
	cat <&7 >was.sig
	exec 7<&-
	same "an SELinux label: what others have open" two.sig was.sig
fi
# A default ACL gives no entries to what is written again.
mkdir default
cp two.sig default/used.sig
chmod 660 default/used.sig
if attribute default system.posix_acl_default $acl; then
	kept "a default ACL" default/used.sig
	ls default >default.is
	echo used.sig >default.want
	same "a default ACL: nothing is left" default.want default.is
	t "a default ACL: of a new file" 0 '' "$tool" sign -k "$key" "$hello" -o default/new.sig
	attributes default/new.sig >stdout
	if grep -q posix_acl_access stdout; then ok; else bad "a default ACL: of a new file"; fi
fi
t "nothing is left" 0 '' sh -c '! ls | grep -E "(sig|pem|elf)\.[0-9a-f]{8}$"'

echo "inspect"
t "enclave" 0 'entry 0x2000 enclave_entry' "$tool" inspect "$hello" --svg hello.svg
t "the map" 0 '█ r-x                 4 KiB' "$tool" inspect "$hello"
t "the map without Unicode" 0 '|# r-x                 4 KiB |' env LC_ALL=C "$tool" inspect "$hello"
t "the picture is XML" 0 '' python3 -c 'import xml.dom.minidom as m; m.parse("hello.svg")'
if command -v rsvg-convert >/dev/null; then
	t "the picture can be drawn" 0 '' rsvg-convert hello.svg -o hello.png
fi
t "JSON" 0 '"entry": "enclave_entry"' "$tool" inspect --json "$hello"
t "JSON of a SIGSTRUCT" 0 '"signature": "good"' "$tool" inspect --json one.sig
head -c 432 /dev/zero >report
t "REPORT" 0 'REPORTDATA' "$tool" inspect report
cp one.sig broken.sig
patch broken.sig 600 '\x00\x01\x02'
t "a bad signature" 1 'signature    the signature, Q1 or Q2 is not right' "$tool" inspect broken.sig

echo "names with any bytes"
# json: standard output of the last t is JSON, which is UTF-8.
json() {
	python3 -c 'import json; print(json.loads(open("stdout", "rb").read().decode("utf-8")))' >json
}
evil=$'\e[31mevil\xff<&>'
python3 - "$hello" "$evil.elf" <<-'END'
	import sys
	data = open(sys.argv[1], "rb").read()
	name = b"enclave_entry\0"
	assert data.count(name) == 1
	open(sys.argv[2], "wb").write(data.replace(name, b"\x1b[31m\xff\n<&>\0\0\0\0"))
END
t "symbol: text" 0 'entry 0x2000 (\x1b[31m\xff\x0a<&>)' "$tool" inspect "$evil.elf"
if LC_ALL=C grep -q '[[:cntrl:]]' stdout; then bad "symbol: control characters"; else ok; fi
t "file: text" 0 '\x1b[31mevil\xff<&>.elf: an enclave' "$tool" inspect "$evil.elf"
cp "$evil.elf" "$evil.wx"
patch "$evil.wx" $((64 + 56 + 4)) '\x07'
t "lint: text" 1 '\x1b[31mevil\xff<&>.wx: warning: wx-pages' "$tool" lint "$evil.wx"
t "a complaint" 4 '\x1b[31mevil\xff<&>: cannot be opened' "$tool" inspect "$evil"
t "a line of complaint" 4 'a\x0ab: cannot be opened' "$tool" inspect $'a\nb'
for call in 'measure --json' 'inspect --json' 'lint --json' 'sign --json --payload tbs' 'convert --json -o evil.sgxs'; do
	# shellcheck disable=SC2086 # they are words
	"$tool" $call "$evil.elf" >stdout 2>stderr || :
	if json; then ok; else bad "$call: not JSON"; fi
done
t "symbol: JSON" 0 "'entry': '\\x1b[31m\ufffd\\n<&>'" sh -c "'$tool' inspect --json \"\$1\" |
	python3 -c 'import json, sys; print(ascii(json.load(sys.stdin)[\"tcs\"][0]))'" sh "$evil.elf"
t "symbol: picture" 0 '' "$tool" inspect "$evil.elf" --svg evil.svg
t "symbol: the picture is XML" 0 '\ufffd[31mevil\ufffd<&>.elf' python3 -c 'import xml.dom.minidom as m
print(ascii(m.parse("evil.svg").getElementsByTagName("text")[0].firstChild.data))'
printf 'policy name=t version=1\nDEFAULT action=DENY # \xff\n' >evil.rules
"$tool" policy test --json evil.rules op=INIT >stdout 2>stderr || :
if json; then ok; else bad "policy test: not JSON"; fi
t "policy test: text" 1 'action=DENY # \xff' "$tool" policy test evil.rules op=INIT
mkdir names
for name in ü $'\xc3' $'\xc0\xaf' $'\xed\xa0\x80' $'\xf5\x80\x80\x80' $'\xc2\x9b31m' $'\u202e' $'\U1f600'; do
	cp "$hello" "names/$name"
done
t "UTF-8" 0 'ü: an enclave' "$tool" inspect names/ü
t "UTF-8, elsewhere" 0 'names/\xc3\xbc: an enclave' env LC_ALL=C "$tool" inspect names/ü
for name in $'\xc3 \\xc3' $'\xc0\xaf \\xc0\\xaf' $'\xed\xa0\x80 \\xed\\xa0\\x80' \
	$'\xf5\x80\x80\x80 \\xf5\\x80' $'\xc2\x9b31m \\xc2\\x9b31m' $'\u202e \\xe2\\x80\\xae'; do
	t "shown as ${name#* }" 0 "names/${name#* }" "$tool" inspect "names/${name% *}"
done
"$tool" measure --json names/* >stdout 2>stderr </dev/null
if json; then ok; else bad "measure --json of names: not JSON"; fi
cp stdout json
t "what is UTF-8 stays" 0 'True' python3 -c 'import json
names = {e["file"][6:] for e in json.load(open("json", encoding="utf-8"))}
print({"\u202e", "\U0001f600", "\xfc", "\x9b31m", "\ufffd\ufffd"} < names)'
cp hello.sgxs $'a\nb\\c\rd'
cp hello.sgxs "$evil.sgxs"
t "measure, as sha256sum" 0 "\\${sum%% *}  a\\nb\\\\c\\rd" "$tool" measure $'a\nb\\c\rd'
t "measure, for sha256sum" 0 'OK' sh -c "'$tool' measure hello.sgxs \"\$1\" \"\$2\" | sha256sum -c --strict" \
	sh $'a\nb\\c\rd' "$evil.sgxs"
t "measure, on a terminal" 0 '\x1b[31mevil\xff<&>.sgxs' script -q -c \
	"'$tool' measure $'\\e[31mevil\\xff<&>.sgxs'" measure.typescript

gcc -Wall -Wextra -Werror -o quote "$top/tests/tool/quote.c" -lcrypto
./quote good.quote
t "quote" 0 'verdict      consistent' "$tool" inspect good.quote
t "quote: its fields" 0 'MRENCLAVE    aaaaaaaa' "$tool" inspect good.quote
t "a bad signature, in JSON" 1 '"signature": "the signature, Q1' "$tool" inspect --json broken.sig
signer=$("$tool" inspect one.sig | sed -n 's/^ *MRSIGNER *//p')
other=$(printf 'ab%.0s' {1..32})
t "signer" 0 'signer       as expected' "$tool" inspect one.sig --mrsigner "$signer"
t "another signer" 1 'signer       another than expected' "$tool" inspect one.sig --mrsigner "$other"
t "another signer, in JSON" 1 '"mrsigner_expected": false' "$tool" inspect --json one.sig --mrsigner "$other"
t "the signer, and a bad signature" 1 'signer       as expected' "$tool" inspect broken.sig --mrsigner "$signer"
t "signer of a REPORT" 1 'another than expected' "$tool" inspect report --mrsigner "$signer"
t "no signer" 3 'does not say who signed it' "$tool" inspect "$hello" --mrsigner "$signer"
t "no digest" 2 '--mrsigner takes 64 hexadecimal digits' "$tool" inspect one.sig --mrsigner 00
quoted=$("$tool" inspect good.quote | sed -n 's/^ *MRSIGNER *//p' | head -n 1)
t "signer of a quote" 0 'as expected' "$tool" inspect good.quote --mrsigner "$quoted"
t "another signer of a quote" 1 'another than expected' "$tool" inspect good.quote --mrsigner "$signer"
t "quote: JSON" 0 '"qe_svn": 7' "$tool" inspect --json good.quote
for change in header report; do
	./quote bad.quote $change
	t "quote with another $change" 1 'has not signed this REPORT' "$tool" inspect bad.quote
done
./quote bad.quote key
t "quote with another key" 1 'does not vouch for the attestation key' "$tool" inspect bad.quote
for change in qe cert; do
	./quote bad.quote $change
	t "quote with another $change" 1 'does not vouch for the quoting enclave' "$tool" inspect bad.quote
done

echo "ps, top, trace"
mkdir stats
echo 'pages=32768 used=30100 evictions=12 loads=3' >stats/epc
{
	echo "id=1 state=initialized debug=0 base=0x7f0000000000 size=0x20000 resident=28 evicted=0 evictions=0 loads=0 faults=28 entries=120 exits=100 aexes=20 threads=2 inside=1 mrenclave=293d1149026a new=key mrsigner=53cd creator=$$ pids=$$,1"
	echo "id=2 state=created debug=1 base=0x7f0000000000 size=0x40000000 resident=30072 evicted=5000 evictions=9 loads=4 faults=0 entries=500 exits=0 aexes=0 threads=0 inside=0 mrenclave=- mrsigner=- creator=0 pids=-"
} >stats/enclaves
export SOFTSGX_STATS=$PWD/stats
t "ps" 0 'ready   -  128K  112K    0B       120        20      28   1/2   293d1149026a run.sh' "$tool" ps
t "ps: no process" 0 '   2       0 ?        created D    1G  117M   20M' "$tool" ps
cp "$(command -v sleep)" $'\e[31m\xff'
./$'\e[31m\xff' 60 &
sleeper=$!
sed -i "s/creator=0/creator=$sleeper/" stats/enclaves
until [ "$(tr -d '\n' <"/proc/$sleeper/comm" | od -An -c | tr -d ' ')" = '033[31m377' ]; do sleep 0.1; done
t "ps: any name" 0 ' \x1b[31m\xff' "$tool" ps
t "top: any name" 0 ' \x1b[31m\xff' "$tool" top -b -n 1
"$tool" ps --json >stdout
if json; then ok; else bad "ps --json: not JSON"; fi
kill "$sleeper"
wait "$sleeper" || :
sed -i "s/creator=$sleeper/creator=0/" stats/enclaves
t "ps in JSON" 0 '"evicted": 5000' "$tool" ps --json
cp stdout json
t "ps in JSON is JSON" 0 '2 30100 True' python3 -c 'import json
d = json.load(open("json"))
print(len(d["enclaves"]), d["epc"]["used"], d["enclaves"][1]["debug"])'
t "top" 0 'EPC 118M of 128M (92 %)' "$tool" top --batch -n 2 -d 0.1
t "top, sorted" 0 '   1' sh -c "'$tool' top -b -n 1 -s id | sed -n 3p"
t "top, sorted by entries" 0 '   2' sh -c "'$tool' top -b -n 1 | sed -n 3p"
t "top in JSON" 0 '2' sh -c "'$tool' top --json -n 2 -d 0.1 | grep -c '^{.*}\$'"
t "top, on a screen" 0 'softsgx top' script -q -c \
	"stty rows 20 cols 100; TERM=linux '$tool' top -d 0.2 -n 2" top.typescript
t "top, on no terminal" 0 'no terminal known here' script -q -c \
	"TERM=none '$tool' top -n 1" top.typescript
t "top: how often" 2 'takes 0.1 to 3600' "$tool" top -d 0
t "top: by what" 2 'takes entries' "$tool" top --sort colour
unset SOFTSGX_STATS
if [ ! -e /sys/module/softsgx ]; then
	t "ps without softsgx" 4 'not loaded here' "$tool" ps
	t "trace without softsgx" 4 '' "$tool" trace true
fi
t "trace: what" 2 'not both' "$tool" trace --pid 1 true

echo "lint"
t "good" 0 '' "$tool" lint hello.sgxs -s one.sig
t "a SIGSTRUCT without an option" 1 'no-kss' "$tool" lint theirs.sig
t "no KSS" 1 'no-kss' "$tool" lint -s theirs.sig
t "open masks" 1 'the XFRM mask leaves open' "$tool" lint -s theirs.sig
t "open debug" 1 'leaves ATTRIBUTES.DEBUG open' "$tool" lint -s theirs.sig
t "no TCS" 1 'no-tcs' "$tool" lint "$selftests/test_encl.elf"
t "another enclave's" 1 'einit' "$tool" lint hello.sgxs -s theirs.sig
t "bad signature" 1 'signature: the signature' "$tool" lint -s broken.sig
cp "$hello" wx.elf
patch wx.elf $((64 + 56 + 4)) '\x07'
t "writable code" 1 'wx-pages: 0x2000-0x3000' "$tool" lint wx.elf
t "JSON" 1 '"rule": "wx-pages"' "$tool" lint --json wx.elf
# The first chunk of code, after 2 TCS pages: not measured.
cp hello.sgxs unmeasured.sgxs
patch unmeasured.sgxs $((64 + 2 * (64 + 16 * 320) + 64)) 'UNMEASRD'
t "unmeasured code" 1 'unmeasured-code: 0x2000-0x3000 is executable and partly measured' "$tool" lint unmeasured.sgxs
cp hello.sgxs entry.sgxs
patch entry.sgxs $((64 + 64 + 64 + 32)) '\x00\x40\x00'
t "entry in data" 1 'entry 0x4000 of the TCS at 0x0 is not on an executable page' "$tool" lint entry.sgxs
patch entry.sgxs $((64 + 64 + 64 + 16)) '\x00\xf0\x01'
t "SSA nowhere" 1 'SSA page 0x1f000' "$tool" lint entry.sgxs
# What -shared leaves to a loader, in whole pages.
cat >shared.c <<'END'
extern int elsewhere;
static int here;
int *const pointers[] = { &here, &here, &elsewhere };
int *enclave_entry(int i) { return pointers[i]; }
END
sed -e 's/^	stack/	dynamic PT_DYNAMIC FLAGS(4); &/' \
	-e 's/^	.rodata : {.*/	.rela.dyn : { *(.rela.*) } :rodata .relr.dyn : { *(.relr.*) } .all : { *(.rodata .rodata.* .hash .gnu.* .dyn[sn]*) } .dynamic : { *(.dynamic) } :rodata :dynamic .pad : { BYTE(0) . = ALIGN(4096); } :rodata/' \
	-e 's/\*(.data .data.\*)/*(.data .data.* .got*)/' \
	"$top/examples/common/enclave.lds" >shared.lds
for packed in nopack-relative-relocs pack-relative-relocs; do
	gcc -O1 -w -fPIC -nostdlib -shared -Wl,-T,shared.lds -Wl,-z,noexecstack \
		-Wl,-z,$packed -o shared.elf shared.c
	t "relocations" 1 'warning: relocations: 4 relocations are left' "$tool" lint shared.elf
	t "relocations, without sections" 1 'warning: relocations: 4 relocations are left' sh -c \
		"strip --strip-section-headers -o no.elf shared.elf 2>/dev/null || {
			cp shared.elf no.elf
			printf '\\0\\0' | dd of=no.elf bs=1 seek=60 conv=notrunc status=none
		}
		'$tool' lint no.elf"
	t "relocations: its own affair" 0 '' "$tool" lint shared.elf --ignore relocations --ignore one-ssa --ignore no-tcs
done
t "severity: error" 1 'entry.sgxs: error: entry: ' "$tool" lint entry.sgxs
t "severity: warning" 1 'wx.elf: warning: wx-pages: ' "$tool" lint wx.elf
t "severity in JSON" 1 '"severity": "warning"' "$tool" lint --json wx.elf
t "errors only" 0 '' "$tool" lint --errors wx.elf -s theirs.sig --ignore einit
t "errors only, and there is one" 1 'error: entry' "$tool" lint --errors entry.sgxs
t "errors only in JSON" 0 '0 findings' sh -c "'$tool' lint --errors --json wx.elf |
	python3 -c 'import json, sys; print(len(json.load(sys.stdin)), \"findings\")'"
t "ignored" 0 '' "$tool" lint --ignore wx-pages wx.elf
t "ignored, not all" 1 'wide-misc' "$tool" lint -s theirs.sig --ignore no-kss --ignore=wide-xfrm --ignore debug
t "an ignored error" 0 '' "$tool" lint hello.sgxs -s broken.sig --ignore signature --ignore einit
t "an unknown rule" 2 "--ignore takes a rule, not 'kss'" "$tool" lint --ignore kss wx.elf
# Each rule of the manual can be ignored, and is completed.
# shellcheck disable=SC2016 # it is not for a shell
rules=$(sed -n '/^## What lint says/,/^## /s/^| *\(`[^|]*`\) *|.*/\1/p' "$top/doc/tool.md" | tr -d '`,')
t "rules of the manual" 0 17 sh -c "echo '$rules' | wc -w"
for rule in $rules; do
	t "rule $rule" 0 '' "$tool" lint --ignore "$rule" "$hello"
	t "rule $rule completed" 0 "$rule" bash -c ". \"\$0\"
		COMP_WORDS=(softsgx lint --ignore '') COMP_CWORD=3; _softsgx
		echo \"\${COMPREPLY[@]}\"" "$top/tool/softsgx.bash"
done

echo "wrong files"
echo x >note
objcopy --add-section .note.sgxmeta=note "$hello" sdk.elf
gcc -O1 -w -fPIC -nostdlib -shared -o plain.so shared.c
objcopy --add-section .oeinfo=note plain.so oe.so
for verb in measure inspect lint 'sign --payload tbs' 'convert -o no.sgxs'; do
	# shellcheck disable=SC2086 # they are words
	t "$verb: of Intel's SDK" 3 "an enclave of Intel's SDK: its own tools" "$tool" $verb sdk.elf
done
t "of Open Enclave" 3 'an enclave of Open Enclave: its own tools' "$tool" measure oe.so
t "of nobody" 3 'examples/common/enclave.lds' "$tool" measure plain.so
cp "$hello" bss.elf
patch bss.elf $((64 + 3 * 56 + 41)) '\xff'
t "with .bss" 3 'link .bss into .data, as examples/common/enclave.lds' "$tool" measure bss.elf
head -c 30 "$hello" >short.elf
t "short ELF" 3 'short.elf: at 0x1e: the file ends within the ELF header' "$tool" measure short.elf
t "a program" 3 'interpreter' "$tool" measure "$tool"
cp "$hello" machine.elf
patch machine.elf 18 '\x28'
t "another machine" 3 'machine.elf: at 0x12: not for x86-64' "$tool" measure machine.elf
cp "$hello" flags.elf
patch flags.elf $((64 + 4)) '\x06\x00\x00\x01'
t "unknown flags" 3 'flags.elf: at 0x40: a segment with unknown flags' "$tool" measure flags.elf
cp "$hello" far.elf
patch far.elf $((64 + 3 * 56 + 16)) '\x00\x00\x00\x00\x00\x30'
t "an address far away" 3 'an enclave of 64 TiB or more' "$tool" measure far.elf
head -c 8192 "$hello" >cut.elf
t "cut ELF" 3 'a segment beyond the end' "$tool" measure cut.elf
head -c 100 hello.sgxs >cut.sgxs
t "cut SGXS" 3 'cut.sgxs: at 0x40: the file ends within a record' "$tool" inspect cut.sgxs
head -c 1000 good.quote >cut.quote
t "cut quote" 3 'cut.quote: at 0x1b0: a signature of' "$tool" inspect cut.quote
head -c 1000 one.sig >cut.sig
t "cut SIGSTRUCT" 3 'cut.sig: at 0x3e8: a SIGSTRUCT has 1808 bytes, this file 1000' "$tool" inspect cut.sig
t "something else" 3 'neither an ELF file' "$tool" inspect "$key"
t "no file" 4 'none: cannot be opened: No such file' "$tool" inspect none
t "no end" 4 '/dev/zero: cannot be read: File too large' "$tool" inspect /dev/zero
t "a directory" 4 'cannot be read: Is a directory' "$tool" measure /tmp
: >empty
t "empty" 3 'neither an ELF file nor an SGX stream' "$tool" measure empty

echo "usage"
t "no verb" 2 'Usage: softsgx' "$tool"
t "unknown verb" 2 "no verb 'fly'" "$tool" fly
t "help" 0 'inspect' "$tool" --help
# shellcheck disable=SC2016 # what is quoted is for another shell
for verb in run sign measure inspect lint convert ps top trace status doctor policy; do
	t "$verb --help" 0 "Usage: softsgx $verb" "$tool" $verb --help
	t "$verb --what" 2 'unrecognized option' "$tool" $verb --what
	# What is hidden or everywhere is left out.
	for option in $("$tool" $verb --usage | grep -o -- '--[a-z-]*' | grep -vxE -- '--(help|usage)'); do
		t "$verb $option in the manual" 0 '' \
			grep -qF -- "${option//-/\\-}" "$top/doc/man/softsgx.1"
		t "$verb $option completed" 0 "$option" bash -c '. "$0"
			COMP_WORDS=(softsgx "$1" "$2") COMP_CWORD=2; _softsgx
			echo "${COMPREPLY[@]}"' "$top/tool/softsgx.bash" "$verb" "$option"
	done
	t "completion of $verb" 0 "$verb" bash -c '. "$0"
		COMP_WORDS=(softsgx "$1") COMP_CWORD=1; _softsgx
		echo "${COMPREPLY[@]}"' "$top/tool/softsgx.bash" "${verb:0:3}"
done
t "verbs, options, manual page, completion" 0 ' passed, 0 failed' \
	"$top/tests/tool/options.py" "$tool" "$top/doc/man/softsgx.1" "$top/tool/softsgx.bash"
t "JSON of sign" 0 '"signed": true' "$tool" sign --json -k "$key" "$hello" -o json.sig
t "JSON of a payload" 0 '"signed": false' "$tool" sign --json "$hello" --payload json.tbs
t "JSON of convert" 0 "\"mrenclave\": \"${sum%% *}\"" "$tool" convert --json "$hello" -o json.sgxs
t "JSON and a stream" 2 'no --json' "$tool" convert --json "$hello" -o -
t "JSON and a SIGSTRUCT" 2 'has the SIGSTRUCT: no --json' "$tool" sign --json -k "$key" "$hello" -o -
t "JSON and a payload" 2 'has the payload: no --json' "$tool" sign --json "$hello" --payload -
t "JSON and a picture" 2 'has the picture: no --json' "$tool" inspect --json --svg - "$hello"
t "a picture alone" 0 '' sh -c "'$tool' inspect --svg - '$hello' | cmp - hello.svg"
t "bad number" 2 'takes a number' "$tool" sign x -k y -o z --svn 70000
t "bad date" 2 'YYYYMMDD' "$tool" sign x -k y -o z --date yesterday
t "full disk" 4 'No space left' sh -c "'$tool' --version >/dev/null; '$tool' measure '$hello' >/dev/full"

echo "policy"
for f in "$top"/rules/*.policy; do
	t "good rules: ${f##*/}" 0 ': good, name' "$tool" policy check "$f"
done
printf 'policy name=tool version=3\nDEFAULT action=ALLOW\n' >good.rules
t "good rules" 0 'good.rules: good, name tool, version 3' "$tool" policy check good.rules
printf 'allowed nothing\n' >bad.rules
t "bad rules" 3 'bad.rules:1: ' "$tool" policy check bad.rules
t "bad rules in JSON" 3 '"good": false' "$tool" policy check --json bad.rules
for f in "$top"/tests/fuzz/rules_corpus/*; do
	"$tool" policy check "$f" >stdout 2>stderr </dev/null && status=0 || status=$?
	case $status in
	0 | 3) ;;
	*) bad "policy check $f: status $status" ;;
	esac
done
t "load without softsgx" 4 'softsgx is not loaded' "$tool" policy load bad.rules
t "show without softsgx" 4 'softsgx is not loaded' "$tool" policy show
t "which" 2 'check, load, show, test or explain' "$tool" policy

echo "status, doctor, run"
if [ ! -e /sys/module/softsgx ]; then
	t "status" 1 'Module softsgx         loaded: no' "$tool" status
	t "status in JSON" 1 '"loaded": false' "$tool" status --json
fi
if [ ! -e /dev/sgx_enclave ]; then
	t "doctor" 1 'WRONG device       /dev/sgx_enclave: No such file' "$tool" doctor
	t "doctor in JSON" 1 '"step": "device"' "$tool" doctor --json
fi
t "run here" 7 '' "$tool" run --host -- sh -c 'exit 7'
t "run here: output" 0 '-x' "$tool" run --host echo -x
t "run here: not found" 127 'No such file' "$tool" run --host ./none
t "run here: not executable" 126 'Permission denied' "$tool" run --host ./good.rules
t "run here: killed" 143 '' sh -c "'$tool' run --host -- sh -c 'kill -TERM \$\$'; exit \$?"
t "run: both" 2 'not both' "$tool" run --host --vm true
t "run: no command" 2 'which command' "$tool" run
t "run: VM option with --host" 2 'is for the VM' "$tool" run --host --epc 64 true
t "run: a parameter" 2 '--param takes NAME=VALUE' "$tool" run --param sgx2 true
t "run: memory" 2 '--mem takes 1 MiB to 1 TiB' "$tool" run --mem 0 true
t "run: no policy" 125 'none: cannot be opened' "$tool" run --vm --policy none true
t "run: a bad policy" 125 'bad.rules:1: ' "$tool" run --vm --policy bad.rules true
t "closed output" 4 'standard output: Bad file' sh -c "'$tool' measure '$hello' >&-"
t "closed output, another file" 0 '' sh -c "'$tool' convert '$hello' -o closed.sgxs >&- 2>&-"
same "closed output, another file's contents" closed.sgxs hello.sgxs
t "run: no vm/run" 125 'SOFTSGX_VM names it' env SOFTSGX_VM=/nowhere "$tool" run --vm true

echo "the secret of the VM"
cat >shows <<'END'
#!/bin/bash
# In the place of vm/run: shows the secret, or all that others see of this.
[ -z "${SHOW_ALL-}" ] || tr '\0' '\n' </proc/$$/cmdline
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	[ "$1" != --secret-file ] || [ -n "${SHOW_ALL-}" ] || { cat "$2"; exit; }
	shift
done
echo "no secret file"
END
chmod +x shows
# with DATA [NAME=VALUE...] COMMAND...: with the secret of this directory.
with() {
	env SOFTSGX_VM="$PWD/shows" XDG_DATA_HOME="$1" "${@:2}"
}
t "secret: made" 0 '' with "$PWD/a/b" sh -c "umask 0; '$tool' run --vm true"
mv stdout first
t "secret: 64 digits" 0 '' grep -xE '[0-9a-f]{64}' first
same "secret: the file" first a/b/softsgx/secret
t "secret: its mode" 0 '600' stat -c %a a/b/softsgx/secret
t "secret: that of the directory" 0 '700' stat -c %a a/b/softsgx
t "secret: nothing beside it" 0 '' [ "$(ls -A a/b/softsgx)" = secret ]
t "secret: the same in the next run" 0 "$(cat first)" with "$PWD/a/b" "$tool" run --vm true
t "secret: another elsewhere" 0 '' sh -c \
	"! env SOFTSGX_VM='$PWD/shows' XDG_DATA_HOME='$PWD/c' '$tool' run --vm true | grep -F $(cat first)"
t "secret: the same for rules" 0 "$(cat first)" with "$PWD/a/b" "$tool" run --vm --policy good.rules true
t "secret: the same for policy explain" 0 "$(cat first)" with "$PWD/a/b" \
	sh -c "'$tool' policy explain true; true"
t "secret: not on the command line" 0 'no secret file' with "$PWD/a/b" SHOW_ALL=yes "$tool" run --vm true
mv stdout seen
t "secret: not on it, looked for" 1 '' grep -F "$(cat first)" seen
t "secret: fresh" 0 'no secret file' with "$PWD/a/b" "$tool" run --fresh-secret true
t "secret: fresh, nothing made" 0 'no secret file' with "$PWD/none" "$tool" run --fresh-secret true
t "secret: given" 0 'no secret file' with "$PWD/none" "$tool" run --param sgx2=0 --param secret=00 true
t "secret: nothing made" 1 '' [ -e none ]
t "secret: fresh or given" 2 'not both' with "$PWD/none" "$tool" run --fresh-secret --param secret=00 true
t "secret: fresh here" 2 '--fresh-secret is for the VM' "$tool" run --host --fresh-secret true
t "secret: in the home" 0 '' with '' HOME="$PWD/home" "$tool" run --vm true
same "secret: where it is there" stdout home/.local/share/softsgx/secret
t "secret: a relative directory" 0 "$(cat home/.local/share/softsgx/secret)" \
	with relative HOME="$PWD/home" "$tool" run --vm true
for where in "$PWD/first" /dev/null/x /proc; do
	t "secret: none in $where" 0 'no secret file' with "$where" "$tool" run --vm true
	mv stderr said
	t "secret: none in $where, said" 0 '' \
		grep -x "softsgx: $where/softsgx/secret: .*: keys are for this run alone" said
done
t "secret: no home" 0 'neither XDG_DATA_HOME nor HOME is set' with '' HOME= "$tool" run --vm true
mkdir -p bad/softsgx
for text in '' "$(cat first)0" "$(head -c 63 first)" "$(head -c 63 first)g"; do
	printf '%s\n' "$text" >bad/softsgx/secret
	t "secret: '$text'" 125 'secret: not a secret' with "$PWD/bad" "$tool" run --vm true
done
rm bad/softsgx/secret
mkfifo bad/softsgx/secret
t "secret: a FIFO" 125 'secret: not a secret' with "$PWD/bad" "$tool" run --vm true
printf '%s' "$(tr a-f A-F <first)" >c/softsgx/secret
chmod 640 c/softsgx/secret
t "secret: for others, too" 0 'secret: not for its owner alone: chmod 600' with "$PWD/c" "$tool" run --vm true
# All wait for the same FIFO to be opened.
mkfifo gate
runs=()
for ((i = 0; i < 40; i++)); do
	(: <gate; with "$PWD/many" "$tool" run --vm true) >>made 2>&1 &
	runs+=($!)
done
exec {gate}>gate
wait "${runs[@]}"
exec {gate}>&-
t "secret: 40 first runs at once" 0 '' [ "$(wc -l <made)" -eq 40 ]
t "secret: they agree" 0 '' [ "$(sort -u made)" = "$(cat many/softsgx/secret)" ]
t "secret: and leave nothing" 0 '' [ "$(ls -A many/softsgx)" = secret ]

echo "the installed library"
make --no-print-directory -s -C "$top/lib" install PREFIX="$out/inst"
cat >user.c <<'END'
#include <softsgx.h>

int main(int argc, char **argv)
{
	struct softsgx_enclave *encl;
	struct softsgx_error error;
	uint8_t mrenclave[32];
	int i;

	if (argc != 2)
		return 2;
	if (softsgx_enclave_read(&encl, argv[1], NULL, &error) ||
	    softsgx_enclave_measure(encl, mrenclave, &error)) {
		softsgx_error_print(&error, stdout);
		return 1;
	}
	for (i = 0; i < 32; i++)
		printf("%02x", mrenclave[i]);
	softsgx_enclave_free(encl);
	return 0;
}
END
pc=$out/inst/lib/pkgconfig/softsgx.pc
flags=$(sed -n "s,^Cflags: ,,p" "$pc" | sed "s,\${includedir},$out/inst/include,")
# shellcheck disable=SC2086 # they are words
gcc -Wall -Wextra -Wpedantic -Werror $flags -o shared user.c -L"$out/inst/lib" -lsoftsgx
# shellcheck disable=SC2086
gcc -Wall -Werror $flags -o static user.c inst/lib/libsoftsgx.a -lcrypto
t "shared" 0 "${sum%% *}" env LD_LIBRARY_PATH=inst/lib ./shared "$hello"
t "static" 0 "${sum%% *}" ./static "$hello"
t "its errors" 1 'cut.elf: at 0x40: a segment beyond the end of the file' ./static cut.elf
cp user.c user.cc
# shellcheck disable=SC2086
! command -v g++ >/dev/null || t "C++" 0 '' g++ -Wall -Wextra -Werror $flags -fsyntax-only user.cc
if nm -D --defined-only inst/lib/libsoftsgx.so | grep -v ' softsgx_\| A ' >stdout; then
	bad "the library exports more than its interface"
else
	ok
fi

if [ -n "$vm" ]; then
	echo "in the VM"
	"$top/tests/tool/module.sh" >module.log 2>&1 || :
	sed '$!s/^/  /' module.log
	read -r p f < <(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' \
		module.log) || p=0 f=1
	passed=$((passed + p))
	failed=$((failed + f))
	t "run: a dynamic program" 0 'all steps worked' "$tool" run --vm "$top/build/examples/hello"
	mkdir linked
	gcc -O2 -static -o linked/hello "$top/examples/hello/main.c" \
		"$top/build/lib/libsoftsgx.a" -lcrypto 2>/dev/null
	cp "$top"/build/examples/hello_enclave.* linked
	t "run: a static program" 0 'all steps worked' "$tool" run --vm linked/hello
	printf '#!/bin/sh\n%s | grep -c OK | sed "s/^/steps: /"\n' \
		"$top/build/examples/hello" >piped
	chmod +x piped
	t "run: a script with pipes" 0 'steps: 11' "$tool" run --vm ./piped
	: >not-executable
	t "run: not executable" 126 'Permission denied' "$tool" run --vm ./not-executable
	mkdir back
	t "run: files come back" 0 '' "$tool" run --rw back sh -c 'echo x >back/x; echo y >away'
	t "run: what was written" 0 'x' cat back/x
	if [ -e away ]; then bad "a file came back that should not"; else ok; fi
	t "run: with EPC and kernel" 0 '32' "$tool" run --kernel 6.1 --epc 32M cat /sys/module/softsgx/parameters/epc_size
	t "run: with a network" 0 'eth0' "$tool" run --net ls /sys/class/net
	t "run: status" 5 '' "$tool" run --vm -- sh -c 'exit 5'
	t "run: killed" 137 '' "$tool" run --vm -- sh -c 'kill -9 $$'
	t "run: standard input" 0 'HELLO' sh -c "echo hello | '$tool' run --vm -- tr a-z A-Z"
	t "run: not found" 127 '' "$tool" run --vm ./none
	make --no-print-directory -s -C "$top/tests/uapi"
	seal=$top/build/tests/uapi/seal
	export SEALED=$PWD/back/sealed
	t "run: sealed" 0 '1 passed, 0 failed' "$tool" run --rw back "$seal" "an enclave seals"
	t "run: unsealed in the next" 0 '1 passed, 0 failed' "$tool" run --vm "$seal" "unseals it"
	t "run: not with a fresh secret" 0 '1 passed, 0 failed' "$tool" run --fresh-secret "$seal" "of other keys"
	t "run: policy" 0 'name=tool' "$tool" run --vm --policy good.rules cat /sys/kernel/security/softsgx/status
	# Installed, with a cache of one's own, and without being root.
	make --no-print-directory -s -C "$top/tool" install PREFIX="$out/inst"
	mkdir -p cache/softsgx
	ln -s "$top/build/kernel" cache/softsgx/kernel
	chown -R 65534:65534 cache
	t "run: as nobody" 0 'uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)' \
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		env XDG_CACHE_HOME="$out/cache" HOME=/nonexistent \
		inst/bin/softsgx run --vm sh -c "id && $top/build/examples/hello"
	"$top/tests/tool/terminal.py" "$tool" >terminal.log 2>&1 || bad "terminal.py"
	grep -v '^ok ' terminal.log | sed 's/^/  /' || :
	passed=$((passed + $(grep -c '^ok ' terminal.log || :)))
	failed=$((failed + $(grep -c '^not ok ' terminal.log || :)))
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
