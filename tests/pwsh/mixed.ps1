# More states of hosts, as in states.ps1, which reads this file: two faults at once, a guard that is wrong beside a trigger, and hosts on
# which commands are missing, hang or fail.
function global:Set-FakeStopped { param($State, [string[]] $Names) foreach ($Name in $Names) { $State.Services[$Name].State = 'Stopped' } }
function global:Set-FakeTemplate {
    param($State, $Target, $Keys, [int] $To)
    $null = Add-FakeCertificate -State $State -Store My -Subject $Target.FullName -From -300 -To $To -Key template -Folder $Keys -Issuer 'Corp Issuing CA' -Dns $Target.FullName
    $State.ByTemplate = 'template'
    Set-FakeValue $State 'SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' CertTemplateName String 'RDP'
}
$NoNetwork = @(, @('S-1-5-18', 0x1F01FF, 0, 0))

# R1 beside other faults.
Add-State old-clock-slow 'R1' @{ R12 = 'would be done'; R1 = 'would be done' } @{ R12 = 'done'; R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Time.Offset = 100 }
Add-State old-clock-dc 'R1' @{ R12 = 'blocked'; R1 = 'blocked' } @{} { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Time.Offset = 100; $State.System.ProductType = 2 }
Add-State old-w32-off 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    $State.Services.W32Time.StartMode = 'Disabled'
    $State.Services.W32Time.State = 'Stopped'
}
Add-State old-um-off 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    $State.Services.UmRdpService.StartMode = 'Disabled'
    $State.Services.UmRdpService.State = 'Stopped'
}
Add-State old-moved 'R1' @{ R1 = 'would be done'; R8 = 'blocked' } @{ R1 = 'done'; R8 = 'blocked' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    Set-FakeValue $State $Tcp PortNumber DWord 3390
    foreach ($One in $State.Connections) { $One.LocalPort = 3390 }
}
Add-State old-taken 'R1' @{ R1 = 'would be done'; R8 = 'blocked' } @{ R1 = 'partly done'; R8 = 'blocked' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    foreach ($One in $State.Connections) { $One.OwningProcess = 4711 }
}
Add-State name-and-rights 'R1' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } {
    param($State, $Target, $Keys, $KeyFile)
    Set-FakeOwn $State $Target -20 100 'old.corp.example'
    $State.Acls[$KeyFile].Rules = $NoNetwork
}
Add-State other-domain 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -20 100 "$($Target.Name).old.example" }
Add-State short-name 'R1' @{ R1 = 'in order' } @{} { param($State, $Target) Set-FakeOwn $State $Target -20 100 $Target.Name }
Add-State none-and-rights 'R1' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } {
    param($State, $Target, $Keys, $KeyFile)
    $State.Certificates = @()
    $State.Acls[$KeyFile].Rules = $NoNetwork
}
Add-State named-fine 'R1' @{ R1 = 'in order' } @{} {
    param($State, $Target)
    Set-FakeOwn $State $Target -300 -100
    $Hash = Add-FakeCertificate -State $State -Store 'Remote Desktop' -Subject $Target.FullName -From -20 -To 160 -Key 'f686aace6942fb7f7ceb231212eef4a4_fake'
    Set-FakeValue $State "$Rdp\WinStations" SelfSignedCertificate Binary $Hash
}
Add-State template-fine 'R1' @{ R1 = 'in order' } @{} { param($State, $Target, $Keys) Set-FakeOwn $State $Target -210 -30; Set-FakeTemplate $State $Target $Keys 200 }
Add-State template-old 'R1 R4' @{ R1 = 'blocked'; R4 = 'blocked' } @{} { param($State, $Target, $Keys) Set-FakeTemplate $State $Target $Keys -3 }
Add-State pin-fine-own-old 'R1' @{ R1 = 'in order' } @{} { param($State, $Target, $Keys) Set-FakeOwn $State $Target -210 -30; Set-FakePin $State $Target $Keys 200 }
Add-State pin-no-right 'R1' @{ R2 = 'would be done'; R1 = 'in order' } @{ R2 = 'done' } {
    param($State, $Target, $Keys)
    Set-FakePin $State $Target $Keys 200
    $State.Acls["$Keys/pinned"] = @{ Owner = 'S-1-5-18'; Sealed = $false; Rules = $NoNetwork }
}
Add-State old-tls-off 'R1' @{ R1 = 'would be done'; R5 = 'would be done' } @{ R1 = 'partly done'; R5 = 'partly done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    foreach ($Version in 'TLS 1.0', 'TLS 1.1', 'TLS 1.2') { Set-FakeValue $State "$Schannel\$Version\Server" Enabled DWord 0 }
}
Add-State rights-only 'R1' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } { param($State, $Target, $Keys, $KeyFile) $State.Acls[$KeyFile].Rules = $NoNetwork }
Add-State old-no-layer 'R1 R6' @{ R1 = 'would be done'; R6 = 'would be done' } @{ R1 = 'done'; R6 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; Set-FakeValue $State $Tcp SecurityLayer DWord 0 }
Add-State old-on-2012 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.System.BuildNumber = '9600'; $State.System.Version = '6.3.9600' }
Add-State old-dead-pin 'R1 R3' @{ R3 = 'would be done'; R1 = 'blocked' } @{ R3 = 'done'; R1 = 'in order' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    Set-FakeValue $State $Tcp SSLCertificateSHA1Hash Binary ([byte[]](1..20))
}
Add-State old-keys-gone 'R1' @{ R2 = 'blocked'; R1 = 'blocked' } @{} {
    param($State, $Target, $Keys)
    Set-FakeOwn $State $Target -210 -30
    Remove-Item -LiteralPath $Keys -Recurse
}
Add-State old-on-client 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.System.ProductType = 1; $State.System.Caption = 'Microsoft Windows 11 Pro'; $State.System.BuildNumber = '26100' }
Add-State old-member 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.BrokerMember = $true }

# R2
Add-State folder-needs-all 'R2' @{ R2 = 'would be done' } @{ R2 = 'done' } { param($State, $Target, $Keys) $State.Acls[$Keys].Rules = @(@('S-1-5-18', 0x1F01FF, 0, 0), @('S-1-5-32-544', 0x1F01FF, 0, 0)) }
Add-State key-of-admins 'R2' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } {
    param($State, $Target, $Keys, $KeyFile)
    $State.Acls[$KeyFile] = @{ Owner = 'S-1-5-32-544'; Sealed = $false; Rules = @(@('S-1-5-18', 0x1F01FF, 0, 0), @('S-1-5-32-544', 0x1F01FF, 0, 0)) }
}
Add-State rights-stuck 'R2' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'partly done'; R1 = 'blocked' } { param($State, $Target, $Keys, $KeyFile) $State.Acls[$KeyFile].Rules = $NoNetwork; $State.Services.SessionEnv.Stuck = $true }
Add-State rights-hang 'R2' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'partly done'; R1 = 'blocked' } { param($State, $Target, $Keys, $KeyFile) $State.Acls[$KeyFile].Rules = $NoNetwork; $State.Services.TermService.Hangs = $true }
Add-State deny-others 'R2' @{ R2 = 'in order' } @{} { param($State, $Target, $Keys, $KeyFile) $State.Acls[$KeyFile].Rules = @($State.Acls[$KeyFile].Rules) + , @('S-1-5-21-1-2-3-1104', 0x1F01FF, 1, 0) }
Add-State unused-key 'R2' @{ R2 = 'in order' } @{} {
    param($State, $Target, $Keys)
    Add-FakeCandidate $State $Target $Keys
    $State.Acls["$Keys/candidate"] = @{ Owner = 'S-1-5-18'; Sealed = $false; Rules = $NoNetwork }
}
Add-State rights-down 'R2' @{ R2 = 'would be done'; R1 = 'would be done'; R8 = 'would be done' } @{ R2 = 'done'; R1 = 'done'; R8 = 'done' } { param($State, $Target, $Keys, $KeyFile) $State.Acls[$KeyFile].Rules = $NoNetwork; Set-FakeStopped $State TermService, UmRdpService }
Add-State inherit-only 'R2' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } { param($State, $Target, $Keys, $KeyFile) $State.Acls[$KeyFile].Rules = @($NoNetwork) + , @('S-1-5-20', 0x20089, 0, 2) }
Add-State tpm-pin 'R2' @{ R2 = 'in order' } @{} { param($State, $Target, $Keys) Set-FakePin $State $Target $Keys 200 -Key tpm }

# R3
Add-State layer-is-r6 'R3' @{ R3 = 'in order'; R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp SecurityLayer DWord 0; Set-FakeValue $State $Tcp UserAuthentication DWord 0 }
Add-State level-fips 'R3' @{ R3 = 'in order' } @{} { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 4 }
Add-State weak-env-off 'R3' @{ R3 = 'would be done' } @{ R3 = 'done' } { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.Services.SessionEnv.StartMode = 'Disabled'; Set-FakeStopped $State SessionEnv }
Add-State weak-down 'R3' @{ R3 = 'would be done'; R8 = 'would be done' } @{ R3 = 'done'; R8 = 'done' } { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; Set-FakeStopped $State TermService, UmRdpService }
Add-State weak-env-hangs 'R3' @{ R3 = 'would be done' } @{ R3 = 'partly done' } { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.Services.SessionEnv.Hangs = $true }
Add-State dead-pin-template 'R3' @{ R3 = 'would be done'; R1 = 'blocked' } @{ R3 = 'done'; R1 = 'in order' } {
    param($State, $Target, $Keys)
    Set-FakeTemplate $State $Target $Keys 200
    Set-FakeValue $State $Tcp SSLCertificateSHA1Hash Binary ([byte[]](1..20))
}

# R4
Add-State bind-env-off 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; $State.Services.SessionEnv.StartMode = 'Disabled'; Set-FakeStopped $State SessionEnv }
Add-State bind-term-fixed 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; $State.Services.TermService.StartMode = 'Disabled' }
Add-State bind-tpm 'R4' @{ R4 = 'unknown' } @{} { param($State, $Target, $Keys) $null = Add-FakeCertificate -State $State -Store My -Subject $Target.FullName -From -10 -To 300 -Key tpm -Issuer 'Corp Issuing CA' -Dns $Target.FullName }
Add-State pin-old-two 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } {
    param($State, $Target, $Keys)
    Set-FakePin $State $Target $Keys -5
    $null = Add-FakeCertificate -State $State -Store My -Subject $Target.FullName -From -10 -To 900 -Key foreign -Folder $Keys -Issuer 'Other CA' -Dns $Target.FullName
    Add-FakeCandidate $State $Target $Keys
}
Add-State pin-old-near 'R4' @{ R4 = 'blocked'; R1 = 'blocked' } @{} {
    param($State, $Target, $Keys)
    Set-FakePin $State $Target $Keys -5
    $null = Add-FakeCertificate -State $State -Store My -Subject $Target.FullName -From -300 -To 4 -Key near -Folder $Keys -Issuer 'Corp Issuing CA' -Dns $Target.FullName
}
Add-State member-by-value 'R4 R6' @{ R4 = 'blocked'; R6 = 'blocked' } @{} { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; Set-FakeValue $State $Rdp SessionDirectoryActive DWord 1; Set-FakeValue $State $Tcp UserAuthentication DWord 0 }
Add-State member-by-policy 'R4' @{ R4 = 'blocked' } @{} { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; Set-FakeValue $State $RdpPolicyKey SessionDirectoryActive DWord 1 }
Add-State no-member 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; Set-FakeValue $State "$Rdp\ClusterSettings" SessionDirectoryActive DWord 1 }
Add-State client-member 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; Set-FakeValue $State $Rdp SessionDirectoryActive DWord 1; $State.System.ProductType = 1 }
Add-State broker 'R6' @{ R6 = 'blocked' } @{} { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.Services.Tssdis = @{ State = 'Running'; StartMode = 'Auto'; ProcessId = 950 } }
Add-State candidate-short 'R4' @{ R4 = 'blocked' } @{} { param($State, $Target, $Keys) $null = Add-FakeCertificate -State $State -Store My -Subject $Target.Name -From -10 -To 300 -Key short -Folder $Keys -Issuer 'Corp Issuing CA' -Dns $Target.Name }
Add-State candidate-denied 'R4' @{ R2 = 'blocked'; R4 = 'blocked' } @{} {
    param($State, $Target, $Keys)
    Add-FakeCandidate $State $Target $Keys
    $State.Acls["$Keys/candidate"] = @{ Owner = 'S-1-5-18'; Sealed = $false; Rules = @(@('S-1-5-18', 0x1F01FF, 0, 0), @('S-1-5-20', 1, 1, 0), @('S-1-5-20', 0x20089, 0, 0)) }
}
Add-State bind-clock-unread 'R4' @{ R4 = 'blocked' } @{} { param($State, $Target, $Keys) Add-FakeCandidate $State $Target $Keys; $State.Time.Offset = $null }
Add-State pin-tpm-old 'R4' @{ R4 = 'would be done' } @{ R4 = 'done' } { param($State, $Target, $Keys) Set-FakePin $State $Target $Keys -5 -Key tpm; Add-FakeCandidate $State $Target $Keys }

# R5 and R6
Add-State tls12-off 'R5' @{ R5 = 'would be done' } @{ R5 = 'partly done' } { param($State) Set-FakeValue $State "$Schannel\TLS 1.2\Server" Enabled DWord 0 }
Add-State tls12-on 'R5' @{ R5 = 'in order' } @{} { param($State) Set-FakeValue $State "$Schannel\TLS 1.2\Server" Enabled DWord -1; Set-FakeValue $State "$Schannel\TLS 1.2\Server" DisabledByDefault DWord 0 }
Add-State nla-by-rule 'R6' @{ R6 = 'in order' } @{} { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; Set-FakeValue $State $RdpPolicyKey UserAuthentication DWord 1 }
Add-State layer-by-rule 'R6' @{ R6 = 'blocked' } @{} { param($State) Set-FakeValue $State $RdpPolicyKey SecurityLayer DWord 0 }
Add-State nla-down 'R6' @{ R6 = 'blocked'; R8 = 'would be done' } @{ R8 = 'done' } { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; Set-FakeStopped $State TermService, UmRdpService }
Add-State nla-on-dc 'R6' @{ R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.System.ProductType = 2 }
Add-State nla-env-off 'R6' @{ R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.Services.SessionEnv.StartMode = 'Disabled'; Set-FakeStopped $State SessionEnv }
Add-State nla-moved 'R6' @{ R6 = 'would be done'; R8 = 'blocked' } @{ R6 = 'done'; R8 = 'blocked' } {
    param($State)
    Set-FakeValue $State $Tcp UserAuthentication DWord 0
    Set-FakeValue $State $Tcp PortNumber DWord 3390
    foreach ($One in $State.Connections) { $One.LocalPort = 3390 }
}
Add-State nla-taken 'R6' @{ R6 = 'blocked'; R8 = 'blocked' } @{} { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; foreach ($One in $State.Connections) { $One.OwningProcess = 4711 } }
Add-State nla-clock 'R6' @{ R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.Time.Offset = $null }

# R7
Add-State closed-other 'R7' @{ R7 = 'blocked' } @{} { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False'; $Rule.LocalPort = '3390' } }
Add-State closed-no-rules 'R7' @{ R7 = 'blocked' } @{} { param($State) $State.Rules = @{} }
Add-State closed-no-net 'R7' @{ R7 = 'unknown' } @{} { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }; $State.Networks = @() }
Add-State closed-and-down 'R7 R8' @{ R8 = 'would be done'; R7 = 'would be done' } @{ R8 = 'done'; R7 = 'done' } { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }; Set-FakeStopped $State TermService, UmRdpService }
Add-State closed-unnamed 'R1' @{ R1 = 'in order' } @{} { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' } }
Add-State closed-no-module 'R7 R1' @{ R7 = 'unknown'; R1 = 'would be done' } @{ R1 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    $State.Missing = @('Get-NetFirewallRule', 'Get-NetFirewallProfile', 'Get-NetFirewallPortFilter', 'Get-NetFirewallAddressFilter', 'Set-NetFirewallRule', 'Get-NetConnectionProfile')
}

# R8
Add-State down-env-off 'R8' @{ R1 = 'blocked'; R8 = 'would be done' } @{ R8 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; Set-FakeStopped $State TermService, UmRdpService; $State.Services.SessionEnv.StartMode = 'Disabled'; Set-FakeStopped $State SessionEnv }
Add-State down-um-off 'R8' @{ R8 = 'would be done' } @{ R8 = 'done' } { param($State) Set-FakeStopped $State TermService, UmRdpService; $State.Services.UmRdpService.StartMode = 'Disabled' }
Add-State denied-disabled 'R8' @{ R8 = 'blocked' } @{} {
    param($State)
    Set-FakeValue $State $Rdp fDenyTSConnections DWord 1
    Set-FakeStopped $State TermService, UmRdpService
    $State.Services.TermService.StartMode = 'Disabled'
}
Add-State denied-overruled 'R8' @{ R8 = 'in order' } @{} { param($State) Set-FakeValue $State $Rdp fDenyTSConnections DWord 1; Set-FakeValue $State $RdpPolicyKey fDenyTSConnections DWord 0 }
Add-State starting 'R8' @{ R8 = 'blocked' } @{} { param($State) $State.Services.TermService.State = 'Start Pending'; $State.Connections = @() }
Add-State denied-taken 'R8' @{ R8 = 'blocked' } @{} { param($State) Set-FakeValue $State $Rdp fDenyTSConnections DWord 1; foreach ($One in $State.Connections) { $One.OwningProcess = 4711 } }
Add-State denied-not-named 'R1' @{ R1 = 'would be done'; R8 = 'blocked' } @{ R1 = 'done'; R8 = 'blocked' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; Set-FakeValue $State $Rdp fDenyTSConnections DWord 1 }
Add-State down-no-tcp 'R8' @{ R8 = 'unknown' } @{} { param($State) Set-FakeStopped $State TermService, UmRdpService; $State.Missing = @('Get-NetTCPConnection') }

# R9 to R20
Add-State registers-by-policy 'R9' @{ R9 = 'blocked' } @{} { param($State) $State.InDns = @(); $State.DnsFails = 9501; Set-FakeValue $State 'SOFTWARE\Policies\Microsoft\Windows NT\DNSClient' RegistrationEnabled DWord 0 }
Add-State two-records 'R9' @{ R9 = 'would be done' } @{ R9 = 'partly done' } { param($State, $Target) $State.InDns = @($Target.Address, '10.9.9.9') }
Add-State dns-no-module 'R9' @{ R9 = 'unknown' } @{} { param($State) $State.Missing = @('Resolve-DnsName', 'Get-DnsClientServerAddress', 'Register-DnsClient') }
Add-State ntlm-refused 'R11' @{ R11 = 'blocked' } @{} { param($State) Set-FakeValue $State 'SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0' RestrictReceivingNTLMTraffic DWord 2 }
Add-State w32-stopped 'R12' @{ R12 = 'blocked' } @{} { param($State) $State.Time.Offset = 60; Set-FakeStopped $State W32Time }
Add-State unpatched 'R13' @{ R13 = 'blocked' } @{} { param($State) $State.System.BuildNumber = '14393'; Set-FakeValue $State 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' CurrentBuild String '14393'; Set-FakeValue $State 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' UBR DWord 2000 }

# Commands that fail, hang or end the session.
Add-State cim-listener 'R1' @{ R1 = 'would be done' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.CimFails = @('Win32_TSGeneralSetting') }
Add-State cim-services 'R1 R3' @{ R1 = 'blocked'; R3 = 'unknown' } @{} { param($State, $Target) Set-FakeOwn $State $Target -210 -30; Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.CimFails = @('Win32_Service') }
Add-State cim-deployment 'R6' @{ R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.CimFails = @('Win32_TSSessionDirectory') }
Add-State cim-system 'R12' @{ R12 = 'would be done' } @{ R12 = 'done' } { param($State) $State.Time.Offset = 60; $State.CimFails = @('Win32_OperatingSystem', 'Win32_ComputerSystem') }
Add-State cim-hangs 'R1' @{ identity = 'unknown' } @{} { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.CimHangs = @('Win32_Service') }
Add-State ends-in-step 'R3' @{ R3 = 'would be done' } @{ R3 = 'partly done' } { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.Services.SessionEnv.Dies = $true }
Add-State no-events 'R1 R14' @{ R1 = 'would be done'; R14 = 'unknown' } @{ R1 = 'done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.Missing = @('Get-WinEvent') }

# What hosts do in the middle of a step, and what undo meets.
Add-State agent-disabled 'R3' @{ R3 = 'blocked' } @{} {
    param($State)
    Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1
    $State.Dependents = @('UmRdpService', 'VdiAgent')
    $State.Services.VdiAgent = @{ State = 'Running'; StartMode = 'Disabled'; ProcessId = 960 }
}
Add-State agent-runs 'R3' @{ R3 = 'would be done' } @{ R3 = 'done' } {
    param($State)
    Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1
    $State.Dependents = @('UmRdpService', 'VdiAgent')
    $State.Services.VdiAgent = @{ State = 'Running'; StartMode = 'Auto'; ProcessId = 960 }
}
Add-State cim-breaks 'R3' @{ R3 = 'would be done' } @{ R3 = 'partly done' } { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.Services.TermService.BreaksCim = $true }
Add-State key-of-system 'R1' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } {
    param($State, $Target, $Keys, $KeyFile)
    Set-FakeOwn $State $Target -210 -30
    $State.Acls[$KeyFile] = @{ Owner = 'S-1-5-18'; Sealed = $true; Rules = $NoNetwork }
}
Add-State key-in-german 'R1' @{ R2 = 'would be done'; R1 = 'would be done' } @{ R2 = 'done'; R1 = 'done' } {
    param($State, $Target, $Keys, $KeyFile)
    Set-FakeOwn $State $Target -210 -30
    $State.German = $true
    $State.Acls[$Keys].Sealed = $true
    $State.Acls[$KeyFile] = @{ Owner = 'S-1-5-18'; Sealed = $true; Rules = $NoNetwork }
}
Add-State pin-of-system 'R2' @{ R2 = 'would be done' } @{ R2 = 'done' } {
    param($State, $Target, $Keys)
    Set-FakePin $State $Target $Keys 200
    $State.Acls["$Keys/pinned"] = @{ Owner = 'S-1-5-18'; Sealed = $true; Rules = $NoNetwork }
}
Add-State old-not-made 'R1' @{ R1 = 'would be done' } @{ R1 = 'partly done' } { param($State, $Target) Set-FakeOwn $State $Target -210 -30; $State.MakesNone = $true }
Add-State name-not-made 'R1' @{ R1 = 'would be done' } @{ R1 = 'partly done' } { param($State, $Target) Set-FakeOwn $State $Target -20 100 'old.corp.example'; $State.MakesNone = $true }
# Users may read these keys, by the facts; the listener cannot use them.
$ForUsers = @(@('S-1-5-18', 0x1F01FF, 0, 0), @('S-1-5-11', 0x20089, 0, 0))
Add-State pin-unusable 'R4' @{ R4 = 'blocked' } @{} {
    param($State, $Target, $Keys)
    Set-FakePin $State $Target $Keys 200
    $State.Acls["$Keys/pinned"] = @{ Owner = 'S-1-5-18'; Sealed = $false; Rules = $ForUsers }
}
Add-State bind-unusable 'R4' @{ R4 = 'would be done' } @{ R4 = 'partly done' } {
    param($State, $Target, $Keys)
    Add-FakeCandidate $State $Target $Keys
    $State.Acls["$Keys/candidate"] = @{ Owner = 'S-1-5-18'; Sealed = $false; Rules = $ForUsers }
}
# As some hosts are said to do: with a certificate that they cannot use, they serve none.
Add-State bind-refuses 'R4' @{ R4 = 'would be done' } @{ R4 = 'failed' } {
    param($State, $Target, $Keys)
    Add-FakeCandidate $State $Target $Keys
    $State.Acls["$Keys/candidate"] = @{ Owner = 'S-1-5-18'; Sealed = $false; Rules = $ForUsers }
    $State.NoFallback = $true
}
# Undo would not write such a value, and says so.
Add-State data-odd 'R3' @{ R3 = 'would be done' } @{ R3 = 'done' } { param($State) Set-FakeValue $State 'SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList' ProgramData String '%Nowhere%\x?y' }
Add-State old-on-2008 'R1 R8' @{ R1 = 'would be done'; R8 = 'unknown'; R5 = 'blocked' } @{ R1 = 'done' } {
    param($State, $Target)
    Set-FakeOwn $State $Target -210 -30
    $State.System.BuildNumber = '7601'
    $State.System.Version = '6.1.7601'
    $State.Missing = @('Get-NetTCPConnection', 'Get-NetFirewallRule', 'Get-NetFirewallProfile', 'Get-NetIPAddress', 'Get-NetRoute', 'Resolve-DnsName', 'Get-DnsClientServerAddress', 'Get-TlsCipherSuite', 'Get-NetConnectionProfile')
}
Add-State channel-broken 'R6' @{ R6 = 'blocked' } @{} { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.Channel = $false }
Add-State channel-of-dc 'R6' @{ R6 = 'would be done' } @{ R6 = 'done' } { param($State) Set-FakeValue $State $Tcp UserAuthentication DWord 0; $State.Channel = $false; $State.System.ProductType = 2 }
Add-State closed-range 'R7' @{ R7 = 'blocked' } @{} { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }; $State.Blocks = @(@{ DisplayName = 'Block admin ports'; LocalPort = '3380-3400' }) }
Add-State closed-else 'R7' @{ R7 = 'would be done' } @{ R7 = 'done' } { param($State) foreach ($Rule in $State.Rules.Values) { $Rule.Enabled = 'False' }; $State.Blocks = @(@{ DisplayName = 'Block others'; LocalPort = @('445', '3390-3400') }) }
Add-State name-longer-than-15 'R3' @{ R3 = 'would be done' } @{ R3 = 'done' } { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.ComputerName = 'name-longer-tha' }
Add-State other-machine 'R3' @{ identity = 'blocked' } @{} { param($State) Set-FakeValue $State $Tcp MinEncryptionLevel DWord 1; $State.ComputerName = 'OTHER09' }
