import { isHttpUrl, line, type Rule, text } from '../flow/rules.ts'

const MAX_URI_CHARACTERS = 255

/** A phone number: its digits, without the plus that it may come with. */
export const phoneNumber: Rule<string> = {
  must: 'be a phone number of 2 to 15 digits',
  parse: (raw) => {
    const value = typeof raw === 'number' ? String(raw) : raw
    return typeof value === 'string' && /^\s*\+?[0-9]{2,15}\s*$/.test(value)
      ? value.trim().replace('+', '')
      : undefined
  },
}

/** Who can be called: a phone number (its digits), a SIP URI or `client:name`. */
export const destination: Rule<string> = {
  must: 'be a phone number, a SIP URI such as `sip:user@host`, or `client:` with a name',
  parse: (raw) => phoneNumber.parse(raw) ?? (typeof raw === 'string' ? parseUri(raw.trim()) : undefined),
}

/** Who appears to call. */
export const source: Rule<string> = {
  must: 'be a phone number or a SIP URI such as `sip:user@host`',
  parse: (raw) => phoneNumber.parse(raw) ?? (typeof raw === 'string' ? parseUri(raw.trim()) : undefined),
}

export const webhookUrl: Rule<string> = text(
  'be an absolute URL that starts with http:// or https://',
  isHttpUrl,
)
export const webhookToken: Rule<string> = line(255)

/** RFC 3261 §25.1 without passwords and without headers (`?`), which would end up in our INVITE. */
const SIP_URI =
  /^sips?:[a-z0-9\-_.!~*'()%&=+$,;/#]+@(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:;[a-z0-9\-_.!~*'()%[\]/:&+$=]+)*$/i
const CLIENT_URI = /^client:[a-z0-9\-_.~@]+$/i

function parseUri(value: string): string | undefined {
  if (value.length > MAX_URI_CHARACTERS) return undefined
  return SIP_URI.test(value) || CLIENT_URI.test(value) ? value : undefined
}
