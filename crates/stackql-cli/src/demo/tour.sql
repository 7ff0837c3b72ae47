-- The tour of `stackql demo`. Comments above a statement are shown before it; `-- keep name = column` keeps a value of
-- its first row for ${name} further down; `-- fails` says that it must.

-- What there is to query.
SHOW PROVIDERS;
SHOW SERVICES IN aws;
-- Traffic mirroring: a session copies what one network interface sees to a target. These operations serve its table.
SHOW METHODS IN aws.ec2.traffic_mirror_sessions;
DESCRIBE aws.ec2.traffic_mirror_sessions;

-- A network to mirror.
-- keep vpc = vpcId
INSERT INTO aws.ec2.vpcs(CidrBlock) VALUES ('10.20.0.0/16') RETURNING vpcId, cidrBlock;
-- keep subnet = subnetId
INSERT INTO aws.ec2.subnets(VpcId, CidrBlock)
  SELECT vpcId, '10.20.1.0/24' FROM aws.ec2.vpcs WHERE vpcId = '${vpc}' RETURNING subnetId, vpcId, cidrBlock;
-- keep source = networkInterfaceId
INSERT INTO aws.ec2.network_interfaces(SubnetId, Description)
  VALUES ('${subnet}', 'watched') RETURNING networkInterfaceId, description;
-- keep sink = networkInterfaceId
INSERT INTO aws.ec2.network_interfaces(SubnetId, Description)
  VALUES ('${subnet}', 'watcher') RETURNING networkInterfaceId, description;

-- What to mirror, and where to.
-- keep filter = trafficMirrorFilterId
INSERT INTO aws.ec2.traffic_mirror_filters(Description) VALUES ('all TCP') RETURNING trafficMirrorFilterId, description;
-- keep rule = trafficMirrorFilterRuleId
INSERT INTO aws.ec2.traffic_mirror_filter_rules(
    TrafficMirrorFilterId, TrafficDirection, RuleNumber, RuleAction, Protocol, DestinationCidrBlock, SourceCidrBlock)
  VALUES ('${filter}', 'ingress', 100, 'accept', 6, '0.0.0.0/0', '0.0.0.0/0')
  RETURNING trafficMirrorFilterRuleId, ruleNumber, ruleAction;
-- keep target = trafficMirrorTargetId
INSERT INTO aws.ec2.traffic_mirror_targets(NetworkInterfaceId, Description)
  VALUES ('${sink}', 'collector') RETURNING trafficMirrorTargetId, networkInterfaceId;

-- Before the session is made: the request it would take, sent to nobody.
EXPLAIN INSERT INTO aws.ec2.traffic_mirror_sessions(
    NetworkInterfaceId, SessionNumber, TrafficMirrorFilterId, TrafficMirrorTargetId)
  VALUES ('${source}', 1, '${filter}', '${target}');
-- A mistake: session numbers end at 32766.
-- fails
INSERT INTO aws.ec2.traffic_mirror_sessions(
    NetworkInterfaceId, SessionNumber, TrafficMirrorFilterId, TrafficMirrorTargetId)
  VALUES ('${source}', 40000, '${filter}', '${target}');
-- keep session = trafficMirrorSessionId
INSERT INTO aws.ec2.traffic_mirror_sessions(
    NetworkInterfaceId, SessionNumber, TrafficMirrorFilterId, TrafficMirrorTargetId, Description)
  VALUES ('${source}', 1, '${filter}', '${target}', 'first look')
  RETURNING trafficMirrorSessionId, sessionNumber;

-- Query it, any spelling of a column will do.
SELECT traffic_mirror_session_id, sessionNumber, description FROM aws.ec2.traffic_mirror_sessions;
SELECT s.sessionNumber, i.description AS watched, t.description AS target
  FROM aws.ec2.traffic_mirror_sessions s
  JOIN aws.ec2.network_interfaces i ON i.networkInterfaceId = s.networkInterfaceId
  JOIN aws.ec2.traffic_mirror_targets t ON t.trafficMirrorTargetId = s.trafficMirrorTargetId;
SELECT vpcId, count(*) AS interfaces FROM aws.ec2.network_interfaces GROUP BY vpcId;

-- Manage it.
EXEC aws.ec2.traffic_mirror_sessions.traffic_mirror_session_Modify
  @TrafficMirrorSessionId = '${session}', @SessionNumber = 7, @Description = 'moved back';
SELECT sessionNumber, description FROM aws.ec2.traffic_mirror_sessions WHERE trafficMirrorSessionId = '${session}';

-- Tear it down, last things first.
DELETE FROM aws.ec2.traffic_mirror_sessions WHERE TrafficMirrorSessionId = '${session}';
DELETE FROM aws.ec2.traffic_mirror_targets WHERE TrafficMirrorTargetId = '${target}';
DELETE FROM aws.ec2.traffic_mirror_filter_rules WHERE TrafficMirrorFilterRuleId = '${rule}';
DELETE FROM aws.ec2.traffic_mirror_filters WHERE TrafficMirrorFilterId = '${filter}';
DELETE FROM aws.ec2.network_interfaces WHERE NetworkInterfaceId = '${source}';
DELETE FROM aws.ec2.network_interfaces WHERE NetworkInterfaceId = '${sink}';
DELETE FROM aws.ec2.subnets WHERE SubnetId = '${subnet}';
DELETE FROM aws.ec2.vpcs WHERE VpcId = '${vpc}';
SELECT count(*) AS sessions_left FROM aws.ec2.traffic_mirror_sessions;
