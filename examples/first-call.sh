#!/bin/sh
# Your first call: makes a call flow with a menu, gives it a number, calls it with a softphone, presses 1, and shows
# what happened. What was heard is left in heard.wav.
#
#   npm start                              (in another terminal; it shows an access key)
#   sh examples/first-call.sh KEY          (or with the key in LINNET_KEY)
#
# Needs curl and node; calls with baresip where it is installed, else with a small phone that comes with Linnet.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
key=${1:-${LINNET_KEY:-}}
# The server's own settings, where they are not the defaults.
http=${LINNET_HTTP_LISTEN:-127.0.0.1:8080}
sip=${LINNET_SIP_LISTEN:-udp:127.0.0.1:5060}
sip=${sip%%,*}
sip=${sip#udp:}
number=31612345678

fail() {
  echo "first-call: $*" >&2
  exit 1
}

command -v curl >/dev/null || fail "curl is needed, and not installed."
# `npm start` brings its own Node; use the same one.
PATH="$here/node_modules/.bin:$PATH"
command -v node >/dev/null || fail "node is needed, and not installed."
[ -n "$key" ] || fail "give the access key that npm start showed:  sh examples/first-call.sh KEY"
curl -s -o /dev/null "http://$http/readyz" || fail "nothing answers at http://$http. Is Linnet running? (npm start)"

work=$(mktemp -d)
phone=
cleanup() {
  # Ends the softphone on every way out.
  if [ -n "$phone" ]; then kill "$phone" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# api METHOD PATH [JSON]: prints the answer, fails with the API's own message.
api() {
  status=$(curl -s -o "$work/answer" -w '%{http_code}' -X "$1" "http://$http$2" \
    -H "Authorization: AccessKey $key" ${3:+-H 'Content-Type: application/json' -d "$3"})
  case $status in
    2*) cat "$work/answer" ;;
    401) fail "the access key is not one of this Linnet's." ;;
    *) fail "$1 $2 was answered with $status: $(cat "$work/answer")" ;;
  esac
}

# field JAVASCRIPT: evaluates an expression on the JSON `body` from stdin.
field() {
  node -e "const body = JSON.parse(require('fs').readFileSync(0, 'utf8')); console.log($1)"
}

echo "1. A call flow with a menu"
cat >"$work/flow.json" <<'JSON'
{
  "title": "First call",
  "steps": [
    {
      "id": "menu", "action": "say", "onKeypressGoto": "thanks",
      "options": { "payload": "Welcome to Linnet. Press one to hear that it works.", "language": "en-US", "voice": "female" }
    },
    { "id": "wait", "action": "pause", "options": { "length": 10 }, "onKeypressGoto": "thanks" },
    { "id": "nothing", "action": "hangup" },
    {
      "id": "thanks", "action": "say",
      "options": { "payload": "You pressed a key, and it works. Goodbye.", "language": "en-US", "voice": "female" }
    },
    { "id": "end", "action": "hangup" }
  ]
}
JSON
created=$(api POST /call-flows "$(cat "$work/flow.json")")
flow=$(echo "$created" | field 'body.data[0].id')
api POST "/call-flows/$flow/numbers" "{\"numbers\":[\"$number\"]}" >/dev/null
echo "   flow $flow answers $number"

echo "2. A call to sip:$number@$sip; 1 is pressed while the menu speaks"
if command -v baresip >/dev/null; then
  for modules in /usr/lib/baresip/modules /usr/local/lib/baresip/modules /opt/homebrew/lib/baresip/modules; do
    [ -d "$modules" ] && break
  done
  # Two minutes of silence for its user's voice; without a voice it hangs up.
  node -e "
    const wav = Buffer.alloc(44 + 1920000)
    wav.write('RIFF', 0); wav.writeUInt32LE(wav.length - 8, 4); wav.write('WAVEfmt ', 8)
    wav.writeUInt32LE(16, 16); wav.writeUInt16LE(1, 20); wav.writeUInt16LE(1, 22); wav.writeUInt32LE(8000, 24)
    wav.writeUInt32LE(16000, 28); wav.writeUInt16LE(2, 32); wav.writeUInt16LE(16, 34)
    wav.write('data', 36); wav.writeUInt32LE(wav.length - 44, 40)
    require('fs').writeFileSync('$work/silence.wav', wav)"
  mkdir "$work/heard"
  cat >"$work/config" <<CONFIG
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
module_path $modules
audio_path $work
audio_source aufile,$work/silence.wav
audio_player aubridge,nobody
audio_alert aubridge,nobody
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module stdio.so
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
snd_path $work/heard
CONFIG
  echo '<sip:first-call@127.0.0.1>;regint=0;audio_codecs=pcmu' >"$work/accounts"
  : >"$work/contacts"
  mkfifo "$work/keys"
  baresip -f "$work" -e "d sip:$number@$sip" <"$work/keys" >"$work/phone.log" 2>&1 &
  phone=$!
  exec 3>"$work/keys"
  # until_phone_says PATTERN SECONDS
  until_phone_says() {
    left=$2
    until grep -q "$1" "$work/phone.log"; do
      if grep -q 'session closed' "$work/phone.log"; then
        fail "the call failed: $(grep 'session closed' "$work/phone.log" | sed 's/.*session closed: //')"
      fi
      left=$((left - 1))
      if [ "$left" -lt 0 ]; then
        tail -n 15 "$work/phone.log" >&2
        fail "the phone did not report \"$1\"."
      fi
      sleep 1
    done
  }
  until_phone_says 'Call established' 15
  sleep 2
  printf 1 >&3
  until_phone_says ' terminated (' 30
  exec 3>&-
  kill "$phone" 2>/dev/null || true
  wait "$phone" 2>/dev/null || true
  phone=
  recording=$(ls "$work/heard" | grep -e '-dec.wav$' | head -n 1)
  [ -n "$recording" ] || fail "baresip has recorded nothing."
  cp "$work/heard/$recording" heard.wav
else
  echo "   (baresip is not installed; Linnet's own test phone calls instead)"
  node "$here/examples/first-call-phone.ts" "sip:$number@$sip" heard.wav
fi
echo "   what was heard is in $(pwd)/heard.wav"

echo "3. What happened"
latest=$(api GET '/calls?perPage=1')
call=$(echo "$latest" | field 'body.data[0].id')
LINNET_KEY=$key LINNET_HTTP_LISTEN=$http node "$here/bin/linnet.mjs" call show "$call"
