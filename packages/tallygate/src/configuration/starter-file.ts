/**
 * What `tallygate init` writes: a file that applies as it is (and changes nothing), with an example of everything beside it.
 */
export const STARTER_FILE = `# Who pays for calls to Claude, and how much they may spend.
# See what would change: tallygate plan    Put it in force: tallygate apply --reason "..."
version: 1
# organization: acme

# Calls of a team that is not listed: unassigned (charged there and listed in reports) or refuse.
unknownTeams: unassigned

teams: []
#  - id: support
#    name: Customer support
#    aliases: [helpdesk]          # former or other names; their calls are charged to this team
#    costCentre: "4711"
#    owners: [ann@example.com]

budgets: []
#  - id: support-monthly
#    scope: { team: support }     # and/or feature; without scope: the whole organization
#    limit: { usd: "500.00" }
#    period: month                # or day
#    timeZone: Europe/Berlin      # its calendar decides when the period begins
#    onOutage: block              # or allow: what happens while the gate cannot answer

# Keys of the tags that calls may carry; others are dropped.
tagAllowList: []

# A model without a price: dearest (priced as the dearest one), deny, or { like: <model> }.
unpricedModels: dearest
`;
