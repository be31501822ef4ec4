# Whether a question may be asked: purpose, legal basis, residency, tenant. No value, identifier or count comes here.
#
# input: {"request": {purpose, legalBasis, tenant, broker, region},
#         "collaboration": {purposes, legalBases, jurisdiction, region, brokers: [{id, tenants}], datasets: [{provider, dataset}]},
#         "region": {name, jurisdiction}}
#
# decision: {"allow": bool, "reasons": [string]}. Where it denies, the reasons are every rule that does not hold;
# where it allows, every rule that does. A rule about a missing member does not hold.
package pavilion.compliance

# Purposes that need one of these legal bases, whatever a collaboration allows. Other purposes take any basis that the
# collaboration allows.
bases_required := {
	"direct-marketing": {"consent"},
	"profiling": {"consent"},
	"law-enforcement": {"legal-obligation", "court-order"},
}

rules := {
	"the collaboration allows the purpose": purpose_allowed,
	"the collaboration allows the legal basis": basis_allowed,
	"the legal basis suits the purpose": basis_suits,
	"the data stays in its home region": in_home_region,
	"the data stays in its jurisdiction": in_jurisdiction,
	"the broker may ask for the tenant": tenant_allowed,
}

default purpose_allowed := false

purpose_allowed if input.request.purpose in input.collaboration.purposes

default basis_allowed := false

basis_allowed if input.request.legalBasis in input.collaboration.legalBases

default basis_suits := false

basis_suits if {
	is_string(input.request.purpose)
	not bases_required[input.request.purpose]
}

basis_suits if input.request.legalBasis in bases_required[input.request.purpose]

default in_home_region := false

in_home_region if {
	is_string(input.region.name)
	input.request.region == input.region.name
	input.collaboration.region == input.region.name
}

default in_jurisdiction := false

in_jurisdiction if {
	is_string(input.region.jurisdiction)
	input.collaboration.jurisdiction == input.region.jurisdiction
}

default tenant_allowed := false

tenant_allowed if {
	some broker in input.collaboration.brokers
	broker.id == input.request.broker
	input.request.tenant in broker.tenants
}

broken := sort([concat("", ["not so: ", rule]) | some rule, holds in rules; not holds])

kept := sort([rule | some rule, holds in rules; holds])

default decision := {"allow": false, "reasons": ["not so: the policy decides"]}

decision := {"allow": true, "reasons": kept} if count(broken) == 0

decision := {"allow": false, "reasons": broken} if count(broken) > 0
