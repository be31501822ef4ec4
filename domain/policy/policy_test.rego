package pavilion.compliance_test

import data.pavilion.compliance

asked := {
	"request": {
		"purpose": "public-health",
		"legalBasis": "public-interest",
		"tenant": "clinic",
		"broker": "core",
		"region": "au-east",
	},
	"collaboration": {
		"purposes": ["public-health", "direct-marketing"],
		"legalBases": ["public-interest", "consent"],
		"jurisdiction": "AU",
		"region": "au-east",
		"brokers": [{"id": "core", "tenants": ["clinic"]}, {"id": "other", "tenants": ["insurer"]}],
		"datasets": [{"provider": "north", "dataset": "people"}, {"provider": "south", "dataset": "visits"}],
	},
	"region": {"name": "au-east", "jurisdiction": "AU"},
}

changed(path, value) := json.patch(asked, [{"op": "replace", "path": path, "value": value}])

denied(question, reason) if {
	decision := compliance.decision with input as question
	decision == {"allow": false, "reasons": [reason]}
}

test_allows_and_names_every_rule if {
	decision := compliance.decision with input as asked
	decision.allow == true
	count(decision.reasons) == 6
}

test_denies_another_purpose if {
	denied(changed("/request/purpose", "research"), "not so: the collaboration allows the purpose")
}

test_denies_another_legal_basis if {
	denied(changed("/request/legalBasis", "contract"), "not so: the collaboration allows the legal basis")
}

test_denies_marketing_without_consent if {
	denied(changed("/request/purpose", "direct-marketing"), "not so: the legal basis suits the purpose")
}

test_allows_marketing_with_consent if {
	question := json.patch(asked, [
		{"op": "replace", "path": "/request/purpose", "value": "direct-marketing"},
		{"op": "replace", "path": "/request/legalBasis", "value": "consent"},
	])
	decision := compliance.decision with input as question
	decision.allow == true
}

test_denies_a_region_that_is_not_the_request_s if {
	denied(changed("/request/region", "au-west"), "not so: the data stays in its home region")
}

test_denies_a_collaboration_of_another_region if {
	denied(changed("/collaboration/region", "au-west"), "not so: the data stays in its home region")
}

test_denies_another_jurisdiction if {
	denied(changed("/region/jurisdiction", "EU"), "not so: the data stays in its jurisdiction")
}

test_denies_a_tenant_of_another_broker if {
	denied(changed("/request/tenant", "insurer"), "not so: the broker may ask for the tenant")
}

test_names_every_broken_rule if {
	decision := compliance.decision with input as {}
	decision.allow == false
	count(decision.reasons) == 6
}

test_denies_input_that_is_no_object if {
	decision := compliance.decision with input as "allow"
	decision.allow == false
}
