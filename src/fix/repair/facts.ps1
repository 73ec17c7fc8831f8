# Reads everything about a host once, and changes nothing. Gives JSON: plain data, the same for every remedy. docs/schema describes it.
$FactsReader = {
    param([string] $SentUtc)
    $ErrorActionPreference = 'Stop'
    $Started = (Get-Date).ToUniversalTime()
    function Find-DnsNames {
        param($Certificate)
        # dNSName entries (tag 0x82) of subjectAltName, whose value is one sequence.
        foreach ($Extension in $Certificate.Extensions) {
            if ($Extension.Oid.Value -ne '2.5.29.17') { continue }
            $Bytes = $Extension.RawData
            $At = 2
            if ($Bytes[1] -band 0x80) { $At += $Bytes[1] -band 0x7F }
            while ($At + 1 -lt $Bytes.Length) {
                $Tag = $Bytes[$At]
                $Length = [int]$Bytes[$At + 1]
                $At += 2
                if ($Length -band 0x80) {
                    $Count = $Length -band 0x7F
                    $Length = 0
                    for ($I = 0; $I -lt $Count; $I++) { $Length = $Length * 256 + $Bytes[$At + $I] }
                    $At += $Count
                }
                if (($Tag -eq 0x82) -and ($At + $Length -le $Bytes.Length)) {
                    [System.Text.Encoding]::ASCII.GetString($Bytes, $At, $Length)
                }
                $At += $Length
            }
        }
    }
    function Format-Utc {
        param([datetime] $Time)
        $Time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [System.Globalization.CultureInfo]::InvariantCulture)
    }
    function Read-ByName {
        param([string] $Path, [string[]] $Names)
        foreach ($Name in $Names) {
            $Value = @{ Path = $Path; Name = $Name; Exists = $false; Kind = ''; Value = $null }
            $Read = Read-Fact { Read-RdpValue -Path $Path -Name $Name }
            foreach ($Key in $Read.Keys) { $Value[$Key] = $Read[$Key] }
            $Policy = Read-Fact { Read-RdpValue -Path $RdpPolicy -Name $Name }
            $Value.Policy = $Policy.Value
            if ($Policy.Unknown) { $Value.Unknown = "its policy: $($Policy.Unknown)" }
            $Settings[$Name] = $Value
        }
    }
    $Nt = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $Facts = [ordered]@{}
    $System = Read-Fact { Get-CimInstance -ClassName Win32_OperatingSystem }
    $Machine = Read-Fact { Get-CimInstance -ClassName Win32_ComputerSystem }
    $FullName = Read-Fact { [System.Net.Dns]::GetHostEntry('').HostName }
    $Facts.Identity = Read-Fact {
        $Product = $System.ProductType
        $DomainController = if ($Product) { $Product -eq 2 }
        else { Read-Fact { @(Get-CimInstance -ClassName Win32_Service -Filter "Name='NTDS'").Count -gt 0 } }
        $Administrator = Read-Fact {
            $Token = [System.Security.Principal.WindowsIdentity]::GetCurrent()
            $Me = New-Object -TypeName System.Security.Principal.WindowsPrincipal -ArgumentList $Token
            $Me.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
        }
        @{
            Name = [string]$env:COMPUTERNAME; FullName = $FullName; Domain = [string]$Machine.Domain; InDomain = $Machine.PartOfDomain
            Entra = Test-Path -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo\*'
            MachineGuid = (Read-Fact { Read-RdpValue -Path 'HKLM:\SOFTWARE\Microsoft\Cryptography' -Name MachineGuid }).Value
            Installed = Read-Fact { Format-Utc $System.InstallDate }; Caption = [string]$System.Caption; ProductType = $Product
            Build = [int]$System.BuildNumber; Revision = (Read-Fact { Read-RdpValue -Path $Nt -Name UBR }).Value
            DomainController = $DomainController; LastBoot = Read-Fact { Format-Utc $System.LastBootUpTime }
            PowerShell = [string]$PSVersionTable.PSVersion; Administrator = $Administrator
            LanguageMode = [string]$ExecutionContext.SessionState.LanguageMode
        }
    }
    $Facts.Services = Read-Fact {
        $All = @{}
        $Dependents = @((Get-Service -Name TermService -ErrorAction SilentlyContinue).DependentServices | Where-Object { $_ } |
            ForEach-Object { $_.Name })
        foreach ($Name in @('TermService', 'SessionEnv', 'UmRdpService', 'W32Time', 'TSSDis') + $Dependents | Select-Object -Unique) {
            $Service = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
            if ($Service) {
                $All[$Name] = @{
                    State = [string]$Service.State; StartMode = [string]$Service.StartMode; ProcessId = [int]$Service.ProcessId
                }
            }
        }
        $All.Dependents = if ($Dependents) { $Dependents } elseif ($All.UmRdpService) { , 'UmRdpService' } else { @() }
        $All
    }
    $Settings = @{}
    Read-ByName -Path $RdpTcp -Names 'SecurityLayer', 'UserAuthentication', 'MinEncryptionLevel', 'fAllowSecProtocolNegotiation',
        'PortNumber', 'LanAdapter', 'fEnableWinStation', 'SSLCertificateSHA1Hash'
    Read-ByName -Path $RdpStations -Names 'SelfSignedCertStore', 'SelfSignedCertificate', 'TemplateCertificate', 'CertRefreshInterval'
    Read-ByName -Path $RdpServer -Names 'fDenyTSConnections', 'MaxOutstandingConnections'
    Read-ByName -Path $RdpProfiles -Names 'ProgramData'
    $Template = Read-Fact { Read-RdpValue -Path $RdpPolicy -Name CertTemplateName }
    $Listener = Read-Fact {
        Get-CimInstance -Namespace root/cimv2/TerminalServices -ClassName Win32_TSGeneralSetting -Filter "TerminalName='RDP-Tcp'"
    }
    $Expanded = [System.Environment]::ExpandEnvironmentVariables([string]$Settings.ProgramData.Value)
    $Usual = [System.Environment]::ExpandEnvironmentVariables('%SystemDrive%\ProgramData')
    $Settings.ProgramData.Found = [bool]($Expanded -and (Test-Path -LiteralPath $Expanded))
    $Settings.ProgramData.UsualFound = Test-Path -LiteralPath $Usual
    # Where Windows' CIM class names its source, 1 is policy.
    foreach ($Pair in @(@('SecurityLayer', 'PolicySourceSecurityLayer'), @('UserAuthentication', 'PolicySourceUserAuthenticationRequired'),
        @('MinEncryptionLevel', 'PolicySourceMinEncryptionLevel'))) {
        if ($Listener.($Pair[1]) -eq 1 -and $null -eq $Settings[$Pair[0]].Policy) { $Settings[$Pair[0]].Policy = 'by policy' }
    }
    $Settings.SecurityLayer.Effective = $Listener.SecurityLayer
    $Settings.UserAuthentication.Effective = $Listener.UserAuthenticationRequired
    $Facts.Settings = $Settings
    $Facts.Certificates = Read-Fact {
        $All = @(foreach ($Store in 'My', 'Remote Desktop') {
                foreach ($Certificate in @(Find-RdpItem { Get-ChildItem -Path "Cert:\LocalMachine\$Store" -ErrorAction Stop })) {
                    $Key = Read-Fact { Read-RdpKey -Certificate $Certificate }
                    if ($Key.Unknown) { $Key = @{ State = 'unknown'; Why = $Key.Unknown; File = '' } }
                    $Chain = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Chain -ArgumentList $true
                    $Chain.ChainPolicy.RevocationMode = 'NoCheck'
                    $Chain.ChainPolicy.UrlRetrievalTimeout = [timespan]::FromSeconds(5)
                    $Chain.ChainPolicy.VerificationTime = Get-Date
                    $Answers = @()
                    if (-not $Chain.Build($Certificate)) { $Answers = @($Chain.ChainStatus | ForEach-Object { [string]$_.Status }) }
                    $Rsa = Read-Fact {
                        [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPublicKey($Certificate)
                    }
                    $Limits = @($Certificate.Extensions |
                        Where-Object { $_ -is [System.Security.Cryptography.X509Certificates.X509BasicConstraintsExtension] })
                    @{
                        Store = $Store; Thumbprint = $Certificate.Thumbprint; Subject = $Certificate.Subject; Issuer = $Certificate.Issuer
                        CommonName = if ($Certificate.Subject -match 'CN=("[^"]*"|[^,]+)') { $Matches[1].Trim('"', ' ') } else { '' }
                        Names = @(Find-DnsNames -Certificate $Certificate); SelfSigned = $Certificate.Subject -eq $Certificate.Issuer
                        NotBefore = Format-Utc $Certificate.NotBefore; NotAfter = Format-Utc $Certificate.NotAfter
                        Usages = @($Certificate.EnhancedKeyUsageList | Where-Object { $_ } | ForEach-Object { [string]$_.ObjectId })
                        Algorithm = [string]$Certificate.SignatureAlgorithm.Value; Bits = if ($Rsa.KeySize) { [int]$Rsa.KeySize } else { 0 }
                        IsAuthority = @($Limits | Where-Object { $_.CertificateAuthority }).Count -gt 0
                        Key = $Key.State; KeyWhy = [string]$Key.Why; KeyFile = [string]$Key.File; KeyDenied = [bool]$Key.Denied
                        Chain = @($Answers)
                    }
                }
            })
        @{ Items = $All }
    }
    # Pinned, else by the template of a policy, else Windows' own.
    $Facts.Choice = Read-Fact {
        foreach ($Value in $Template, $Settings.SSLCertificateSHA1Hash, $Settings.TemplateCertificate, $Settings.SelfSignedCertificate) {
            if ($Value.Unknown) { throw $Value.Unknown }
        }
        $Pin = $Settings.SSLCertificateSHA1Hash
        $Own = [string]$Settings.SelfSignedCertificate.Value
        $ByCim = [string]$Listener.SSLCertificateSHA1Hash
        $Kind = $Listener.SSLCertificateSHA1HashType
        $By, $Thumbprint = if ($Pin.Exists) { 'pin', [string]$Pin.Value }
        elseif ($Template.Value -or $Settings.TemplateCertificate.Exists -or ($Kind -eq 2)) {
            'policy', $(if ($Settings.TemplateCertificate.Exists) { [string]$Settings.TemplateCertificate.Value } else { $ByCim })
        }
        elseif ($Own) { 'own', $Own }
        elseif ($ByCim -and ($Kind -le 1)) { 'own', $ByCim }
        else { 'own', '' }
        @{
            By = $By; Thumbprint = $Thumbprint; Template = [string]$Template.Value; Cim = $ByCim; CimType = $Kind
            Conflict = [bool](($By -eq 'own') -and $ByCim -and $Thumbprint -and ($Kind -eq 3))
        }
    }
    $Facts.KeyFolder = Read-Fact {
        $Folder = Read-RdpSecurity -Path $RdpKeyFolder -Needs @{ Sids = @('S-1-1-0', 'S-1-5-11'); Mask = 0x20007 }
        $Listed = @()
        $Folder.Listable = $true
        try {
            $Listed = @(Get-ChildItem -LiteralPath $RdpKeyFolder -Filter 'f686aace6942fb7f7ceb231212eef4a4_*' -Force -ErrorAction Stop |
                Where-Object { $_.Name -notlike '*.old' })
        }
        catch { $Folder.Listable = $false }
        # Windows makes the next certificate with the key that is there: SYSTEM rewrites it, NETWORK SERVICE reads it.
        $Folder.OwnKeys = @($Listed | ForEach-Object {
                Read-RdpSecurity -Path $_.FullName -Needs @{ Sids = $RdpReaders; Mask = 1 }, @{
                    Sids = @('S-1-5-18', 'S-1-5-32-544', 'S-1-1-0'); Mask = 0x10003
                }
            })
        $Folder
    }
    $Number = if ($Settings.PortNumber.Exists) { [int]$Settings.PortNumber.Value } else { 3389 }
    $Facts.Port = Read-Fact {
        if ($Settings.PortNumber.Unknown) { throw $Settings.PortNumber.Unknown }
        $Owners = @(Find-RdpItem { Get-NetTCPConnection -LocalPort $Number -State Listen -ErrorAction Stop } | ForEach-Object {
                $Process = Get-Process -Id $_.OwningProcess -ErrorAction SilentlyContinue
                @{ Address = [string]$_.LocalAddress; ProcessId = [int]$_.OwningProcess; Program = [string]$Process.ProcessName }
            })
        @{ Number = $Number; Owners = $Owners }
    }
    # Who listens may be unknown where the number is known.
    if (-not $Settings.PortNumber.Unknown) { $Facts.Port.Number = $Number }
    $Facts.Served = Read-Fact {
        if (-not $Facts.Port.Number) { throw $Facts.Port.Unknown }
        $Mine = @($Facts.Port.Owners |
            Where-Object { $_.ProcessId -eq $Facts.Services.TermService.ProcessId -and $_.Address -notmatch ':' })
        Test-RdpListener -Port $Facts.Port.Number -Address $(if ($Mine) { $Mine[0].Address } else { '' })
    }
    $Facts.Tls = Read-Fact {
        $Root = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL'
        $Tls12 = foreach ($Role in 'Server', 'Client') {
            foreach ($Name in 'Enabled', 'DisabledByDefault') {
                $Value = Read-RdpValue -Path "$Root\Protocols\TLS 1.2\$Role" -Name $Name
                $Value.Role = $Role
                $Value
            }
        }
        $Off = @(foreach ($Item in 'Ciphers\AES 128/128', 'Ciphers\AES 256/256', 'Hashes\SHA', 'Hashes\SHA256', 'Hashes\SHA384',
            'KeyExchangeAlgorithms\ECDH', 'KeyExchangeAlgorithms\PKCS') {
                # The name of a cipher holds a slash, which a path of PowerShell would part.
                $Folder, $Leaf = $Item.Split('\')
                $Above = Find-RdpItem { Get-Item -LiteralPath "$Root\$Folder" -ErrorAction Stop }
                $Key = if ($Above.OpenSubKey) { $Above.OpenSubKey($Leaf) }
                else { Find-RdpItem { Get-Item -LiteralPath "$Root\$Item" -ErrorAction Stop } }
                if ($Key -and (0 -eq $Key.GetValue('Enabled', 1))) { $Item }
            })
        $Suites = @()
        if (Get-Command -Name Get-TlsCipherSuite -ErrorAction SilentlyContinue) {
            $Suites = @(Get-TlsCipherSuite | ForEach-Object { [string]$_.Name })
        }
        else {
            $Order = (Read-RdpValue -Path 'HKLM:\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002' -Name Functions).Value
            if (-not $Order) {
                $Local = 'HKLM:\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002'
                $Order = (Read-RdpValue -Path $Local -Name Functions).Value
            }
            $Suites = @(([string]($Order -join ',')).Split(',') | Where-Object { $_ })
        }
        $Update = ([int]$System.BuildNumber -ge 9200) -or
            (@(Get-HotFix -ErrorAction Stop | Where-Object { $_.HotFixID -eq 'KB3080079' }).Count -gt 0)
        @{ Tls12 = @($Tls12); Off = $Off; Suites = $Suites; UpdateForRdp = $Update }
    }
    $Facts.Deployment = Read-Fact {
        if ($Facts.Services.Unknown) { throw "the services cannot be read: $($Facts.Services.Unknown)" }
        $Reasons = @()
        # Clients of Windows are never members.
        if ($System.ProductType -ne 1) {
            $Directory = Read-Fact { Get-CimInstance -Namespace root/cimv2/TerminalServices -ClassName Win32_TSSessionDirectory }
            if (($Directory.SessionDirectoryActive -eq 1) -or
                ((Read-RdpValue -Path $RdpServer -Name SessionDirectoryActive).Value -eq 1)) {
                $Reasons += 'it belongs to a deployment with a connection broker'
            }
            if ((Read-RdpValue -Path $RdpPolicy -Name SessionDirectoryActive).Value -eq 1) {
                $Reasons += 'policy makes it a member of a deployment'
            }
            if ($Facts.Services.TSSDis) { $Reasons += 'it is a connection broker' }
        }
        @{
            Member = $Reasons.Count -gt 0; Reasons = $Reasons
            RedirectionAddress = (Read-RdpValue -Path "$RdpServer\ClusterSettings" -Name SessionDirectoryRedirectionIP).Value
        }
    }
    # Whether the domain answers for this host: NLA needs it.
    $Facts.Trust = Read-Fact {
        # Without that answer the trust is unknown: a host that is taken for one of a workgroup would be locked.
        if ($null -eq $Machine.PartOfDomain) { throw "whether the host belongs to a domain cannot be read: $($Machine.Unknown)" }
        if (-not $Machine.PartOfDomain) { return @{ State = 'good'; Why = 'no domain' } }
        if ($Facts.Identity.DomainController) { return @{ State = 'good'; Why = 'a domain controller' } }
        if (Get-Command -Name Test-ComputerSecureChannel -ErrorAction SilentlyContinue) {
            return @{ State = $(if (Test-ComputerSecureChannel) { 'good' } else { 'broken' }); Why = 'secure channel' }
        }
        if (Get-Command -Name nltest.exe -ErrorAction SilentlyContinue) {
            $Ran = Invoke-RdpProgram -Program nltest.exe -Words "/sc_verify:$($Machine.Domain)"
            return @{ State = $(if ($Ran.Code -eq 0) { 'good' } else { 'broken' }); Why = $Ran.Text }
        }
        $Ran = Invoke-RdpProgram -Program setspn.exe -Words '-L', $env:COMPUTERNAME
        if (($Ran.Code -ne 0) -or -not $Ran.Text) { throw "the domain does not answer: $($Ran.Text)" }
        @{ State = 'good'; Why = 'the directory lists its service names' }
    }
    $Facts.Firewall = Read-Fact {
        if (-not (Get-Command -Name Get-NetFirewallRule -ErrorAction SilentlyContinue)) {
            throw 'by hand: this Windows has no commands for its firewall'
        }
        $Rules = @(foreach ($Name in 'RemoteDesktop-UserMode-In-TCP', 'RemoteDesktop-UserMode-In-UDP') {
                $Rule = Get-NetFirewallRule -Name $Name -ErrorAction SilentlyContinue
                if (-not $Rule) { continue }
                @{
                    Name = $Name; Enabled = [string]$Rule.Enabled; Profile = [string]$Rule.Profile; Action = [string]$Rule.Action
                    RemoteAddress = @(($Rule | Get-NetFirewallAddressFilter).RemoteAddress | ForEach-Object { [string]$_ })
                    LocalPort = [string](@(($Rule | Get-NetFirewallPortFilter).LocalPort) -join ',')
                }
            })
        $Profiles = @(Get-NetFirewallProfile -PolicyStore ActiveStore | ForEach-Object {
                @{
                    Name = [string]$_.Name; Enabled = [string]$_.Enabled; Inbound = [string]$_.AllowInboundRules
                    LocalRules = [string]$_.AllowLocalFirewallRules
                }
            })
        $Networks = @(Get-NetConnectionProfile -ErrorAction SilentlyContinue |
            ForEach-Object {
                if ([string]$_.NetworkCategory -eq 'DomainAuthenticated') { 'Domain' } else { [string]$_.NetworkCategory }
            } | Select-Object -Unique)
        $Blocks = Read-Fact {
            $Covers = {
                ($_ -eq [string]$Number) -or
                (($_ -match '^([0-9]+)-([0-9]+)$') -and ($Number -ge [int]$Matches[1]) -and ($Number -le [int]$Matches[2]))
            }
            @{ Items = @(Get-NetFirewallPortFilter -PolicyStore ActiveStore -ErrorAction Stop |
                Where-Object { @($_.LocalPort | Where-Object $Covers) } | Get-NetFirewallRule -ErrorAction Stop |
                        Where-Object { ([string]$_.Action -eq 'Block') -and ([string]$_.Enabled -eq 'True') -and
                            ([string]$_.Direction -eq 'Inbound') } | ForEach-Object { [string]$_.DisplayName }) }
        }
        @{ Rules = $Rules; Profiles = $Profiles; Networks = $Networks; Blocks = $Blocks }
    }
    $Facts.Addresses = Read-Fact {
        @{ Items = @(Get-NetIPAddress -ErrorAction Stop | Where-Object { [string]$_.AddressState -ne 'Tentative' } |
            ForEach-Object { ([string]$_.IPAddress).Split('%')[0] })
            Ipv6Route = @(Get-NetRoute -DestinationPrefix '::/0' -ErrorAction SilentlyContinue).Count -gt 0 }
    }
    $Facts.Dns = Read-Fact {
        # The host answers its own name itself, so each server is named.
        $Servers = @(Get-DnsClientServerAddress | ForEach-Object { $_.ServerAddresses } | Where-Object { $_ -and ($_ -notlike 'fec0:*') } |
            Select-Object -Unique)
        $Answers = @(foreach ($Server in $Servers) {
                $Answer = @{ Server = [string]$Server; Addresses = @(); Unknown = '' }
                try {
                    $Records = Resolve-DnsName -Name $FullName -Type A_AAAA -Server $Server -DnsOnly -NoHostsFile -ErrorAction Stop
                    $Answer.Addresses = @($Records | Where-Object { $_.IPAddress } | ForEach-Object { [string]$_.IPAddress })
                }
                catch {
                    # 9003: no such name; 9501: no address. Anything else says nothing about the record.
                    if (@(9003, 9501) -notcontains $_.Exception.NativeErrorCode) { $Answer.Unknown = [string]$_.Exception.Message }
                }
                $Answer
            })
        $Off = ((Read-RdpValue -Path 'HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters' -Name DisableDynamicUpdate).Value -eq 1) -or
        ((Read-RdpValue -Path 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient' -Name RegistrationEnabled).Value -eq 0)
        if (-not $Off -and (Get-Command -Name Get-DnsClient -ErrorAction SilentlyContinue)) {
            $Off = @(Get-DnsClient | Where-Object { $_.RegisterThisConnectionsAddress }).Count -eq 0
        }
        @{ Answers = $Answers; Registers = -not $Off }
    }
    $Facts.Updates = Read-Fact {
        $Folder = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters'
        @{ EncryptionOracle = (Read-RdpValue -Path $Folder -Name AllowEncryptionOracle).Value }
    }
    $Facts.Ntlm = Read-Fact {
        @{ Restricted = (Read-RdpValue -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0' -Name RestrictReceivingNTLMTraffic).Value }
    }
    $Facts.Events = Read-Fact {
        $Counts = @{}
        $Since = (Get-Date).AddDays(-7)
        foreach ($Id in 1006, 1051, 1053, 1055, 1056, 1057, 1058, 1059, 1063, 1064, 1065, 36870, 36871, 36872, 131) {
            $Log = if ($Id -eq 131) { 'Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational' } else { 'System' }
            $Found = @(Get-WinEvent -FilterHashtable @{ LogName = $Log; Id = $Id; StartTime = $Since } -ErrorAction SilentlyContinue)
            if ($Found) {
                $Counts["$Id"] = @{
                    Count = $Found.Count; Oldest = Read-Fact { Format-Utc $Found[-1].TimeCreated }
                    Newest = Read-Fact { Format-Utc $Found[0].TimeCreated }
                }
            }
        }
        $Counts
    }
    $Facts.Clock = Read-Fact {
        $Source = (Invoke-RdpProgram -Program w32tm.exe -Words '/query', '/source').Text
        if ($Source -match 'service has not been started|80070426') {
            $Source = [string](Read-RdpValue -Path 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' -Name NtpServer).Value
        }
        $Peer = if ($Machine.PartOfDomain) { [string]$Machine.Domain } else { ($Source.Split(' ')[0]).Split(',')[0] }
        if ($Peer -notmatch '^[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+$') { $Peer = '' }
        $Offset = $null
        if ($Peer) {
            $Text = (Invoke-RdpProgram -Program w32tm.exe -Words '/stripchart', "/computer:$Peer", '/samples:3', '/dataonly').Text
            $Found = @([regex]::Matches($Text, '[+-][0-9]+[.,][0-9]+(?=s)') | ForEach-Object { [double]($_.Value -replace ',', '.') })
            if ($Found) { $Offset = $Found[-1] }
        }
        @{ Source = $Source; Peer = $Peer; Offset = $Offset }
    }
    $Facts.Clock.Sent = $SentUtc
    $Facts.Clock.Started = $Started.ToString('o', [System.Globalization.CultureInfo]::InvariantCulture)
    $Facts.Clock.Ended = (Get-Date).ToUniversalTime().ToString('o', [System.Globalization.CultureInfo]::InvariantCulture)
    ConvertTo-Json -InputObject $Facts -Depth 8 -Compress
}
