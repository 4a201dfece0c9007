/** What a file's first bytes say it is, in words that fit after "is": sound in formats we know of, or what servers send instead. */
export function kindOfFile(bytes: Uint8Array): string {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'compressed with gzip'
  const head = String.fromCharCode(...bytes.subarray(0, 16))
  const found = signatures.find(([pattern]) => pattern.test(head))
  if (found) return found[1]
  return bytes.length === 0 ? 'empty' : /^[\t\n\r -~]*$/.test(head) ? 'plain text' : 'of an unknown kind'
}

/** First bytes as latin1. An MPEG frame starts with eleven set bits; ID3 tags stand before many. */
const signatures: readonly (readonly [RegExp, string])[] = [
  [/^RIF[FX].{4}WAVE/s, 'a WAV file'],
  [/^(ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff])/, 'an MP3 file'],
  [/^OggS/, 'an Ogg file'],
  [/^fLaC/, 'a FLAC file'],
  [/^FORM.{4}AIF/s, 'an AIFF file'],
  [/^\.snd/, 'an AU file'],
  [/^.{4}ftyp/s, 'an MP4 file'],
  [/^\xff[\xf0\xf1\xf8\xf9]/, 'an AAC file'],
  [/^RIF[FX]/, 'a RIFF file, but no WAVE'],
  [/^PK/, 'a ZIP archive'],
  [/^\s*<(!doctype html|html)/i, 'an HTML page'],
  [/^\s*</, 'an XML or HTML document'],
  [/^\s*[[{]/, 'a JSON document'],
]
