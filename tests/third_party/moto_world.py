"""Fills an EC2 endpoint with something of everything that the comparison reads."""

TAGS = [{"Key": "Name", "Value": "a <b> & \"c\" ünï"}, {"Key": "empty", "Value": ""}]


def tagged(kind):
    return [{"ResourceType": kind, "Tags": TAGS}]


def fill(ec2):
    vpcs = []
    for number in range(3):
        made = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16", TagSpecifications=tagged("vpc"))
        vpcs.append(made["Vpc"]["VpcId"])
    ec2.create_vpc(CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    subnets = []
    for number, zone in enumerate("abc"):
        made = ec2.create_subnet(VpcId=vpcs[0], CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")
        subnets.append(made["Subnet"]["SubnetId"])
    group = security_groups(ec2, vpcs)
    instances(ec2, subnets, group)
    storage(ec2)
    gateways(ec2, vpcs, subnets)
    routing(ec2, vpcs, subnets)
    interfaces(ec2, subnets, group)
    launch_templates(ec2)


def security_groups(ec2, vpcs):
    group = ec2.create_security_group(
        GroupName="web", Description="web servers", VpcId=vpcs[0], TagSpecifications=tagged("security-group")
    )["GroupId"]
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "anyone"}, {"CidrIp": "10.0.0.0/8"}],
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
    }
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    other = ec2.create_security_group(GroupName="db", Description="databases", VpcId=vpcs[1])["GroupId"]
    of_group = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": other}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[of_group])
    return group


def instances(ec2, subnets, group):
    ec2.create_key_pair(KeyName="first", TagSpecifications=tagged("key-pair"))
    ec2.create_key_pair(KeyName="second", KeyType="ed25519")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(
        ImageId=image,
        MinCount=3,
        MaxCount=3,
        InstanceType="t3.micro",
        KeyName="first",
        SubnetId=subnets[0],
        SecurityGroupIds=[group],
        UserData="#!/bin/sh\n",
        TagSpecifications=tagged("instance"),
    )
    stopped = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.create_image(InstanceId=stopped, Name="copy", Description="of the stopped one")


def storage(ec2):
    for number in range(4):
        volume = ec2.create_volume(
            AvailabilityZone="us-east-1a", Size=8 + number, VolumeType="gp3", Encrypted=number % 2 == 0,
            TagSpecifications=tagged("volume"),
        )["VolumeId"]
        ec2.create_snapshot(VolumeId=volume, Description=f"snapshot {number}")


def gateways(ec2, vpcs, subnets):
    internet = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway"))["InternetGateway"]
    ec2.attach_internet_gateway(InternetGatewayId=internet["InternetGatewayId"], VpcId=vpcs[0])
    ec2.create_internet_gateway()
    elastic = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip"))
    ec2.allocate_address(Domain="vpc")
    ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=elastic["AllocationId"])
    ec2.create_egress_only_internet_gateway(VpcId=vpcs[0])
    customer = ec2.create_customer_gateway(Type="ipsec.1", PublicIp="203.0.113.12", BgpAsn=65000)["CustomerGateway"]
    vpn = ec2.create_vpn_gateway(Type="ipsec.1", AmazonSideAsn=65001)["VpnGateway"]
    ec2.attach_vpn_gateway(VpcId=vpcs[0], VpnGatewayId=vpn["VpnGatewayId"])
    ec2.create_vpn_connection(
        Type="ipsec.1", CustomerGatewayId=customer["CustomerGatewayId"], VpnGatewayId=vpn["VpnGatewayId"]
    )
    ec2.create_transit_gateway(Description="hub", TagSpecifications=tagged("transit-gateway"))


def routing(ec2, vpcs, subnets):
    peering = ec2.create_vpc_peering_connection(VpcId=vpcs[0], PeerVpcId=vpcs[1])["VpcPeeringConnection"]
    peering = peering["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    table = ec2.create_route_table(VpcId=vpcs[0], TagSpecifications=tagged("route-table"))["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[1])
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.1.0.0/16", VpcPeeringConnectionId=peering)
    acl = ec2.create_network_acl(VpcId=vpcs[0], TagSpecifications=tagged("network-acl"))["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=100, Protocol="6", RuleAction="allow", Egress=False, CidrBlock="0.0.0.0/0",
        PortRange={"From": 22, "To": 22},
    )
    options = ec2.create_dhcp_options(
        DhcpConfigurations=[
            {"Key": "domain-name", "Values": ["example.org"]},
            {"Key": "domain-name-servers", "Values": ["10.0.0.2", "10.0.0.3"]},
        ]
    )["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpcs[2])
    ec2.create_vpc_endpoint(VpcId=vpcs[0], ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table])
    ec2.create_managed_prefix_list(
        PrefixListName="offices",
        AddressFamily="IPv4",
        MaxEntries=5,
        Entries=[{"Cidr": "198.51.100.0/24", "Description": "one"}],
    )


def interfaces(ec2, subnets, group):
    for subnet in subnets:
        ec2.create_network_interface(
            SubnetId=subnet, Description="probe", Groups=[group], TagSpecifications=tagged("network-interface")
        )


def launch_templates(ec2):
    disk = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 9}}
    for name in ("small", "large"):
        ec2.create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData={"InstanceType": "t3.micro", "BlockDeviceMappings": [disk]},
            TagSpecifications=tagged("launch-template"),
        )
    ec2.create_launch_template_version(LaunchTemplateName="small", LaunchTemplateData={"InstanceType": "t3.large"})
