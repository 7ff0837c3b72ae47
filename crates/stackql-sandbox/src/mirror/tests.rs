use super::*;
use crate::account::Accounts;

const FORMS: [&str; 7] = [
    "Action=CreateVpc&CidrBlock=10.0.0.0/16",
    "Action=CreateSubnet&VpcId=vpc-00000001&CidrBlock=10.0.1.0/24",
    "Action=CreateNetworkInterface&SubnetId=subnet-00000001",
    "Action=CreateNetworkInterface&SubnetId=subnet-00000001",
    "Action=CreateTrafficMirrorTarget&NetworkInterfaceId=eni-00000002",
    "Action=CreateTrafficMirrorFilter",
    "Action=CreateTrafficMirrorFilterRule&TrafficMirrorFilterId=tmf-00000001&TrafficDirection=ingress&RuleNumber=100&RuleAction=accept&DestinationCidrBlock=0.0.0.0/0&SourceCidrBlock=0.0.0.0/0",
];
const SESSION: &str = "Action=CreateTrafficMirrorSession&NetworkInterfaceId=eni-00000001&TrafficMirrorTargetId=tmt-00000001&TrafficMirrorFilterId=tmf-00000001&SessionNumber=7";
const RULE: &str = FORMS[6];

/// What the check says of each form once the world above and one session exist; nothing, or a code.
async fn codes(forms: &[(String, &'static str)]) {
    let account = Accounts::default().for_access_key("test");
    let region = Region { account: &account, name: "us-east-1" };
    for text in FORMS.into_iter().chain([SESSION]) {
        let form = Form::read([text]);
        let action = form.get("Action").unwrap();
        assert_eq!(check(action, &form, region).await, Ok(()), "{text}");
        region.call("ec2", &form).await.unwrap();
    }
    for (text, expected) in forms {
        let form = Form::read([text.as_str()]);
        let found = check(form.get("Action").unwrap(), &form, region).await;
        assert_eq!(found.map_or_else(|e| e.code, |()| String::new()), *expected, "{text}");
    }
}

/// The form with parameters in place of those of the same names.
fn with(form: &str, changes: &str) -> String {
    Form::read([form, changes]).encoded()
}

#[tokio::test]
async fn sessions_are_checked() {
    let modify = "Action=ModifyTrafficMirrorSession&TrafficMirrorSessionId=tms-00000001";
    let second = with(SESSION, "SessionNumber=8");
    codes(&[
        (second.clone(), ""),
        (SESSION.to_owned(), "InvalidParameterValue"),
        (with(SESSION, "SessionNumber=007"), "InvalidParameterValue"),
        (with(SESSION, "NetworkInterfaceId=eni-00000002"), ""),
        (with(&second, "SessionNumber=0"), "InvalidParameterValue"),
        (with(&second, "SessionNumber=1"), ""),
        (with(&second, "SessionNumber=32766"), ""),
        (with(&second, "SessionNumber=32767"), "InvalidParameterValue"),
        (with(&second, "SessionNumber="), "MissingParameter"),
        (with(&second, "SessionNumber=x"), "InvalidParameterValue"),
        (with(&second, "VirtualNetworkId=16777215"), ""),
        (with(&second, "VirtualNetworkId=16777216"), "InvalidParameterValue"),
        (with(&second, "PacketLength=0"), "InvalidParameterValue"),
        (with(&second, "PacketLength=8501"), "InvalidParameterValue"),
        (with(&second, "NetworkInterfaceId=eni-00000009"), "InvalidNetworkInterfaceID.NotFound"),
        (with(&second, "TrafficMirrorTargetId=tmt-00000009"), "InvalidTrafficMirrorTargetId.NotFound"),
        (with(&second, "TrafficMirrorFilterId=tmf-00000009"), "InvalidTrafficMirrorFilterId.NotFound"),
        (modify.to_owned(), ""),
        (with(modify, "SessionNumber=7"), ""),
        (with(modify, "SessionNumber=40000"), "InvalidParameterValue"),
        (with(modify, "TrafficMirrorFilterId=tmf-00000009"), "InvalidTrafficMirrorFilterId.NotFound"),
        (with(modify, "RemoveField.1=packet-length"), ""),
        (with(modify, "RemoveField.1=protocol"), "InvalidParameterValue"),
        (with(modify, "TrafficMirrorSessionId=tms-9"), "InvalidTrafficMirrorSessionId.NotFound"),
        ("Action=ModifyTrafficMirrorSession".to_owned(), "MissingParameter"),
        ("Action=DescribeTrafficMirrorSessions&Filter.1.Name=colour".to_owned(), "InvalidParameterValue"),
    ])
    .await;
}

#[tokio::test]
async fn rules_are_checked() {
    let second = with(RULE, "RuleNumber=101");
    let ports = "DestinationPortRange.FromPort=80&DestinationPortRange.ToPort";
    let modify = "Action=ModifyTrafficMirrorFilterRule&TrafficMirrorFilterRuleId=tmfr-00000001";
    codes(&[
        (RULE.to_owned(), "TrafficMirrorFilterRuleAlreadyExists"),
        (with(RULE, "TrafficDirection=egress"), ""),
        (with(&second, "TrafficDirection=inward"), "InvalidParameterValue"),
        (with(&second, "RuleAction=drop"), "InvalidParameterValue"),
        (with(&second, "RuleNumber=32767"), "InvalidParameterValue"),
        (with(&second, "SourceCidrBlock=10.0.0.0/33"), "InvalidParameterValue"),
        (with(&second, "SourceCidrBlock=everywhere"), "InvalidParameterValue"),
        (with(&second, "SourceCidrBlock=2001:db8::/32"), ""),
        (with(&second, "Protocol=256"), "InvalidParameterValue"),
        (with(&second, &format!("Protocol=6&{ports}=443")), ""),
        (with(&second, &format!("Protocol=1&{ports}=443")), "InvalidParameterCombination"),
        (with(&second, &format!("Protocol=6&{ports}=79")), "InvalidParameterValue"),
        (with(&second, "DestinationPortRange.FromPort=80"), "MissingParameter"),
        (with(&second, "TrafficMirrorFilterId=tmf-00000009"), "InvalidTrafficMirrorFilterId.NotFound"),
        (with(modify, "RuleNumber=100"), ""),
        (with(modify, "RemoveField.1=protocol"), ""),
        (with(modify, "TrafficMirrorFilterRuleId=tmfr-9"), "InvalidTrafficMirrorFilterRuleId.NotFound"),
        ("Action=CreateTrafficMirrorFilterRule".to_owned(), "MissingParameter"),
        (
            "Action=ModifyTrafficMirrorFilterNetworkServices&TrafficMirrorFilterId=tmf-00000001&AddNetworkService.1=smtp"
                .to_owned(),
            "InvalidParameterValue",
        ),
    ])
    .await;
}

#[tokio::test]
async fn targets_and_deletes_are_checked() {
    let target = "Action=CreateTrafficMirrorTarget";
    codes(&[
        (target.to_owned(), "MissingParameter"),
        (with(target, "NetworkInterfaceId=eni-00000001&NetworkLoadBalancerArn=a"), "InvalidParameterCombination"),
        (with(target, "NetworkLoadBalancerArn=a"), ""),
        (with(target, "NetworkInterfaceId=eni-9"), "InvalidNetworkInterfaceID.NotFound"),
        ("Action=DeleteTrafficMirrorFilter&TrafficMirrorFilterId=tmf-00000001".to_owned(), "TrafficMirrorFilterInUse"),
        (
            "Action=DeleteTrafficMirrorTarget&TrafficMirrorTargetId=tmt-00000001".to_owned(),
            "TrafficMirrorTargetInUseException",
        ),
        ("Action=DeleteNetworkInterface&NetworkInterfaceId=eni-00000001".to_owned(), "InvalidNetworkInterface.InUse"),
        ("Action=DeleteNetworkInterface&NetworkInterfaceId=eni-00000002".to_owned(), "InvalidNetworkInterface.InUse"),
        ("Action=DeleteSubnet&SubnetId=subnet-00000001".to_owned(), "DependencyViolation"),
        ("Action=DeleteVpc&VpcId=vpc-00000001".to_owned(), "DependencyViolation"),
        ("Action=DeleteVpc&VpcId=vpc-9".to_owned(), "InvalidVpcID.NotFound"),
        ("Action=DeleteTrafficMirrorSession&TrafficMirrorSessionId=tms-00000001".to_owned(), ""),
        ("Action=CreateTags&ResourceId.1=tms-9".to_owned(), "InvalidTrafficMirrorSessionId.NotFound"),
        ("Action=CreateTags&ResourceId.1=vol-9".to_owned(), ""),
    ])
    .await;
}

#[test]
fn a_virtual_network_is_chosen_where_none_is_wanted() {
    let networks = |text: &str| {
        let form = Form::read([text]);
        chosen(form.get("Action").unwrap(), form.clone())
    };
    assert!(networks("Action=CreateTrafficMirrorSession").get("VirtualNetworkId").is_some());
    assert_eq!(networks("Action=CreateTrafficMirrorSession&VirtualNetworkId=5").get("VirtualNetworkId"), Some("5"));
    assert_eq!(networks("Action=ModifyTrafficMirrorSession").get("VirtualNetworkId"), None);
    let fields = "Action=ModifyTrafficMirrorSession&RemoveField.1=virtual-network-id&RemoveField.2=description";
    assert!(networks(fields).get("VirtualNetworkId").is_some());
    assert_eq!(networks(fields).list("RemoveField"), ["description"]);
}

#[test]
fn rules_go_where_their_direction_says() {
    let rule = |id, way| {
        format!(
            "<item><trafficDirection>{way}</trafficDirection><trafficMirrorFilterRuleId>{id}</trafficMirrorFilterRuleId></item>"
        )
    };
    let filter = |ingress: String, egress: String| {
        format!(
            "<f><egressFilterRuleSet>{egress}</egressFilterRuleSet><ingressFilterRuleSet>{ingress}</ingressFilterRuleSet></f>"
        )
    };
    let mut answer = Element::parse(&filter(rule(1, "egress") + &rule(2, "ingress"), rule(3, "egress"))).unwrap();
    sort_rules(&mut answer);
    assert_eq!(answer.xml(), filter(rule(2, "ingress"), rule(1, "egress") + &rule(3, "egress")));
}
