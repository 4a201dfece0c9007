/** A key pair for tests that stand in for the API's host on loopback: made for this purpose, worth nothing elsewhere. */
export const voiceHostKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0VSvYxIjhkBStw3Z
fDdj0AmE3wBWVpC0Y61ToFX0EFWhRANCAAQmQQIWzlv6ZzjypLZyZa/defSCZdps
AZNzPMcHxJDmDfimVrQeRUS3+0RA/O7p8vj/9Yibl9Wm7Wj/HPb/Kv7s
-----END PRIVATE KEY-----
`

/** Self-signed, for the name `voice.messagebird.com`, valid from 2020 for a hundred years. */
export const voiceHostCertificate = `-----BEGIN CERTIFICATE-----
MIIBhDCCASugAwIBAgIBATAKBggqhkjOPQQDAjAgMR4wHAYDVQQDDBV2b2ljZS5t
ZXNzYWdlYmlyZC5jb20wIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBa
MCAxHjAcBgNVBAMMFXZvaWNlLm1lc3NhZ2ViaXJkLmNvbTBZMBMGByqGSM49AgEG
CCqGSM49AwEHA0IABCZBAhbOW/pnOPKktnJlr9159IJl2mwBk3M8xwfEkOYN+KZW
tB5FRLf7RED87uny+P/1iJuX1abtaP8c9v8q/uyjVDBSMA8GA1UdEwEB/wQFMAMB
Af8wIAYDVR0RBBkwF4IVdm9pY2UubWVzc2FnZWJpcmQuY29tMB0GA1UdDgQWBBS5
1moY7a+k1jmU622KxXc7+oQVCjAKBggqhkjOPQQDAgNHADBEAiBnhdBTpM/7zUdY
eQbRS8L8e+vkghlH0J9fu9YWY8X0mwIgRpXsB2k6CEdneOeUPL50aG0v442LqaAe
5gxqWiLOAN8=
-----END CERTIFICATE-----
`
