"""Who gets what: see `table.py` for the lines, `calls.py` for the letters.

People, in this order: nobody, teamless, member, other, approver, outside, auditor, admin, superuser.
"""

PEOPLE = """
GET   administration                  >xxxxxxss
GET   people                          >xxxxxxss
GET   person-new                      >xxxxxxss
POST  person-new                      >xxxxxxdd
GET   person                          >xxxxxxss
POST  person                          >xxxxxxdd
POST  person-role                     >xxxxxxdd
POST  person-password                 >xxxxxxdd
POST  person-deactivate               >xxxxxxdd
POST  person-reactivate               >xxxxxxdd
POST  role-unbind                     >xxxxxxdd
GET   teams                           >xxxxxxss
GET   team-new                        >xxxxxxss
POST  team-new                        >xxxxxxdd
GET   team                            >xxxxxxss
POST  team                            >xxxxxxdd
POST  team-role                       >xxxxxxdd
GET   robots                          >s
POST  robot-new                       >vdvvvvdd  >vvvvvvdd
GET   robot                           >-s---sss  >-----sss
POST  robot-close                     >-d---xdd  >-----xdd
POST  robot-token-new                 >-d---xdd  >-----xdd
POST  robot-token-revoke              >-d----dd  >------dd
"""
"""People, teams and robots."""

ACCOUNT = """
GET   sessions                        >s
POST  sessions-end                    >d
POST  session-end                     >d         >-         >-
GET   notifications                   >s
POST  notifications-read              >d
GET   notification                    >r         >-         >-
POST  notification-read               >d         >-         >-
GET   account                         >s
POST  notification-choices            >d
GET   password                        >s
POST  password                        >d
PUT   password                        >v
POST  token-new                       >d
POST  token-revoke                    >d         >-         >-
GET   account-delegations             >s
POST  account-delegations             >vvvddvvv
GET   delegations                     >xxxxxxss
POST  delegations                     >xxxxxxdd
POST  delegation-revoke               >d         >------dd
"""
"""One's own account: tokens, notifications, sessions."""

SIGN_IN = """
GET   sign-in                         sr
POST  sign-in                         d
POST  sign-out                        >
GET   mfa_authenticate                >r
POST  mfa_authenticate                >d
GET   openid_connect_login            -
GET   openid_connect_callback         -
GET   account_reauthenticate          >s
POST  account_reauthenticate          >d
PUT   account_reauthenticate          >d
GET   mfa_reauthenticate              >?
POST  mfa_reauthenticate              >?
GET   mfa_reauthenticate_webauthn     >?
POST  mfa_reauthenticate_webauthn     >?
GET   mfa_index                       >s
GET   mfa_activate_totp               >?
POST  mfa_activate_totp               >?
GET   mfa_deactivate_totp             >-
POST  mfa_deactivate_totp             >-
GET   mfa_list_webauthn               >s
GET   mfa_add_webauthn                >?
POST  mfa_add_webauthn                >?
GET   mfa_remove_webauthn             >?
POST  mfa_remove_webauthn             >?
GET   mfa_view_recovery_codes         >-
GET   mfa_generate_recovery_codes     >?
POST  mfa_generate_recovery_codes     >?
GET   mfa_download_recovery_codes     >-
POST  mfa_download_recovery_codes     >-
"""
"""Signing in and factors."""

TOLD = """
GET   channels                        >xxxxxxss
GET   channel-new                     >xxxxxxss
POST  channel-new                     >xxxxxxdd
GET   channel                         >xxxxxxss
POST  channel                         >xxxxxxdd
POST  channel-test                    >xxxxxxdd
POST  channel-retire                  >xxxxxxdd
GET   channel-messages                >xxxxxxss
GET   webhooks                        >xxxxxxss
GET   webhook-new                     >xxxxxxss
POST  webhook-new                     >xxxxxxdd
GET   webhook                         >xxxxxxss
POST  webhook                         >xxxxxxdd
POST  webhook-secret                  >xxxxxxdd
POST  webhook-test                    >xxxxxxdd
POST  webhook-retire                  >xxxxxxdd
GET   webhook-messages                >xxxxxxss
POST  webhook-again                   >xxxxxxdd
"""
"""Channels and webhooks."""

RULES = """
GET   rule-books                      >xxxxxsss
POST  rule-book-new                   >xxxxxxdd
GET   rule-book                       >xxxxxsss
POST  rule-book                       >x
POST  rule-book-propose               >xxxxxxdd
POST  rule-book-force                 >xxxxxxcc
POST  rule-book-reject                >xxxxxxdd
"""
"""Rule books."""

ROWS = """
GET   admin:index                     xxxxxxxxs
POST  admin:index                     xxxxxxxxd
GET   admin:login                     >x
POST  admin:login                     >x
GET   admin:logout                    r
POST  admin:logout                    dddddddd>
GET   admin:*_change                  xxxxxxxxr
POST  admin:*_change                  x
GET   admin:password_change           xxxxxxxxr
POST  admin:password_change           xxxxxxxxd
GET   admin:password_change_done      xxxxxxxxs
GET   admin:autocomplete              x
GET   admin:jsi18n                    xxxxxxxxs
GET   admin:view_on_site              xxxxxxxx-
POST  admin:view_on_site              xxxxxxxx-
GET   admin:*_changelist              xxxxxxxxs
POST  admin:*_changelist              xxxxxxxxd
GET   admin:*_add                     x
POST  admin:*_add                     x
GET   admin:*_history                 xxxxxxxxr
POST  admin:*_history                 xxxxxxxxd
GET   admin:*_delete                  x
POST  admin:*_delete                  x
DELETE admin:*_old                     xxxxxxxxd
GET   admin:*_old                     xxxxxxxxr
PATCH admin:*_old                     xxxxxxxxd
POST  admin:*_old                     xxxxxxxxd
PUT   admin:*_old                     xxxxxxxxd
"""
"""The rows of the database, for superusers, read-only."""

TABLES = (PEOPLE, ACCOUNT, SIGN_IN, TOLD, RULES, ROWS)
